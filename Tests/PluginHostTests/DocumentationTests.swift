import FoundationEssentials
import Glibc
import PluginProtocol
import SecretMemory
import SinkCore
import Testing

@testable import PluginHost

/// The examples of `docs/plugin-protocol.md` are what they say, and the plugins in this repository start.
@Suite struct DocumentationTests {
    private static let root = String(
        #filePath.dropLast("Tests/PluginHostTests/DocumentationTests.swift".count))
    private let page: String

    init() throws {
        page = try String(contentsOfFile: Self.root + "docs/plugin-protocol.md", encoding: .utf8)
    }

    /// The first block of code in `language` after `heading`.
    private func block(_ language: String, after heading: String) throws -> String {
        let section = try #require(page.firstRange(of: "\n\(heading)\n"))
        let start = try #require(page[section.upperBound...].firstRange(of: "```\(language)\n"))
        let end = try #require(page[start.upperBound...].firstRange(of: "\n```"))
        return String(page[start.upperBound..<end.lowerBound])
    }

    @Test func theManifestIsOne() throws {
        let text = try block("json", after: "### plugin.json")
        let manifest = try PluginManifest(Array(text.utf8), path: "plugin.json")
        #expect(manifest.name == "pass" && manifest.environment.count == 3)
    }

    @Test func everyLineOfTheConversationIsAMessage() throws {
        var counts = (requests: 0, answers: 0)
        for line in try block("", after: "## A conversation").split(separator: "\n") {
            var buffer = SecretBuffer()
            buffer.append(line.dropFirst(2))
            switch (line.first, HostMessage(&buffer)) {
            case (">", .request), (">", .cancel):
                counts.requests += 1
            case (">", .invalid(_, let error)):
                counts.requests += 1
                #expect(error.code == RPCError.methodNotFound && line.contains("vacuum"))
            case ("<", _):
                var buffer = SecretBuffer()
                buffer.append(line.dropFirst(2))
                let isAnswer = Answer(&buffer) != nil
                #expect(isAnswer, "\(line)")
                counts.answers += 1
            default:
                Issue.record("neither from the host nor from the plugin: \(line)")
            }
        }
        #expect(counts == (10, 9))
    }

    @Test func thePluginInPythonWorks() async throws {
        let plugin = try TestPlugin("")
        try plugin.write(try block("python", after: "## In Python"), to: "run", mode: 0o755)
        let kept = plugin.home + "/kept"
        try FileManager.default.createDirectory(atPath: kept, withIntermediateDirectories: false)
        let sink = try plugin.sink(options: ["folder": .string(kept)])
        for name in ["a/../b", ".", "ü"] {
            _ = try await sink.put(secret("first"), as: name, metadata: someMetadata)
            _ = try await sink.put(secret(name), as: name, metadata: someMetadata)
            let stored = try await sink.get(name)
            #expect(text(stored.secret) == name)
            #expect(stored.metadata == someMetadata)
        }
        #expect(try await sink.list(prefix: "").map(\.name) == [".", "a/../b", "ü"])
        try await sink.delete(".")
        try await sink.delete(".")
        let error = await #expect(throws: SinkError.self) { _ = try await sink.get(".") }
        #expect(error?.code == .notFound)
        await sink.close()

        let misled = try plugin.sink(options: ["foldr": .string(kept)])
        let refusal = await #expect(throws: SinkError.self) { try await misled.delete("n") }
        #expect(refusal?.code == .refused)
        await misled.close()
    }

    /// Where the build has put the programs: beside the tests.
    private static let products: String? = CommandLine.arguments.lazy
        .compactMap { argument in argument.firstRange(of: ".xctest").map { argument[..<$0.lowerBound] } }
        .compactMap { path in path.lastIndex(of: "/").map { String(path[..<$0]) } }
        .first

    @Test func theKeyringPluginIsFoundInTheBuildAndExplainsItself() async throws {
        let products = try #require(Self.products)
        let finder = PluginFinder(
            places: [.build(sources: Self.root + "plugins", products: products)], programOwner: geteuid())
        let plugin = try finder.find("keyring")
        #expect(plugin.executablePath == products + "/credferry-keyring")
        let sink = try PluginSink(
            plugin: plugin, trust: TrustStore(files: []), options: [:],
            host: Peer(name: "credferry", version: "0"), environment: [:],
            logger: TestLog().logger(keeping: try TestPlugin("")))
        let error = await #expect(throws: SinkError.self) { _ = try await sink.get("demo/service-principal") }
        #expect(error?.code == .unavailable)
        #expect(error?.message.hasPrefix("plugin keyring: there is no D-Bus session: ") == true)
        #expect(error?.hint?.contains("dbus-run-session") == true)
        #expect(sink.capabilities == Set(SinkCapability.allCases))
        await sink.close()
    }
}
