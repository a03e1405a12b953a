import Glibc
import SinkCore
import Testing

@testable import Sinks

@Suite("Asking a file before anything is added")
struct ProbeTests {
    let scratch = try? Scratch()

    func probe(_ path: String) async throws { try await FileSink(format: .json).probe(path) }

    func refusal(_ path: String) async throws -> SinkError.Code? {
        do {
            try await probe(path)
            return nil
        } catch let error as SinkError {
            return error.code
        }
    }

    @Test func makesNothing() async throws {
        let scratch = try #require(scratch)
        try await probe(scratch.file("a/b/secret"))
        #expect(scratch.names == [])
    }

    @Test func doesNotCareWhatIsThere() async throws {
        let path = try #require(scratch).write("no JSON", to: "secret")
        try await probe(path)
        #expect(contents(path) == "no JSON")
    }

    @Test func refusesWhatCannotBeReplaced() async throws {
        let scratch = try #require(scratch)
        mkdir(scratch.file("folder"), 0o700)
        symlink("/etc/passwd", scratch.file("link"))
        #expect(try await refusal(scratch.file("folder")) == .refused)
        #expect(try await refusal(scratch.file("link")) == .refused)
        #expect(try await refusal(try scratch.write("", to: "file") + "/secret") == .refused)
    }

    @Test func refusesAFolderThatOthersCanWrite() async throws {
        let scratch = try #require(scratch)
        mkdir(scratch.file("open"), 0o700)
        chmod(scratch.file("open"), 0o777)
        #expect(try await refusal(scratch.file("open/secret")) == .denied)
    }
}
