import FoundationEssentials
import SecretMemory
import Testing

@Suite("Secrets from files")
struct SecretSourceTests {
    /// What a file of these bytes gives.
    func read(_ bytes: [UInt8], isText: Bool = true) throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/secret-\(UUID())"
        try Data(bytes).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let secret = try SecretSource.file(path, isText: isText)
        return secret.secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a", "a")])
    func theLastLineBreakIsNoPartOfAText(_ content: String, _ expected: String) throws {
        #expect(try read(Array(content.utf8)) == expected)
    }

    @Test(arguments: ["a\n", "a\r\n", "a"])
    func everyByteOfAnythingElseCounts(_ content: String) throws {
        #expect(try read(Array(content.utf8), isText: false) == content)
    }

    @Test func nothingIsNoSecret() {
        #expect(throws: SecretSource.Problem.self) { try read([]) }
        #expect(throws: SecretSource.Problem.self) { try read(Array("\n".utf8)) }
        #expect(throws: SecretSource.Problem.self) { try SecretSource.file("/") }
        #expect(throws: SecretSource.Problem.self) { try SecretSource.file("/nowhere/secret") }
    }
}
