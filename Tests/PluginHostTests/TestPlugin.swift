import FoundationEssentials
import Glibc
import Logging
import PluginProtocol
import SecretMemory
import SinkCore
import Synchronization

@testable import PluginHost

/// A plugin of a test: a folder with a `plugin.json` and a Python script, removed with its last owner.
final class TestPlugin: Sendable {
    /// The folder that holds the plugin's own.
    let home: String
    let name: String

    /// What every script begins with.
    private static let prelude = """
        #!/usr/bin/python3 -IS
        import json, os, signal, subprocess, sys, threading, time

        def send(message):
            sys.stdout.write(json.dumps(message) + "\\n")
            sys.stdout.flush()

        def answer(request, result):
            send({"jsonrpc": "2.0", "id": request["id"], "result": result})

        def fail(request, code, message, **more):
            send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": message, **more}})

        def requests():
            for line in sys.stdin:
                yield json.loads(line)

        def welcome(request, can=("put", "get", "delete", "list"), version=1):
            answer(request, {"protocol": version, "plugin": {"name": "test", "version": "1"}, "can": list(can)})

        def serve(handle):
            for request in requests():
                if request["method"] == "initialize":
                    welcome(request)
                elif request["method"] == "shutdown":
                    answer(request, {})
                    break
                else:
                    handle(request)


        """

    /// Writes a plugin whose script goes on with `script` after a few helpers.
    init(_ script: String, name: String = "test", environment: [String] = [], manifest: String? = nil) throws
    {
        home = try Self.makeFolder()
        self.name = name
        let variables = environment.map { "\"\($0)\"" }.joined(separator: ", ")
        mkdir("\(home)/\(name)", 0o755)
        try write(
            manifest
                ?? """
                {"name": "\(name)", "version": "1.0.0", "protocol": "credferry/1", "executable": "run",
                 "environment": [\(variables)]}
                """, to: "plugin.json", mode: 0o644)
        try write(Self.prelude + script, to: "run", mode: 0o755)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: home)
    }

    /// The plugin's own folder.
    var folder: String { "\(home)/\(name)" }

    /// The pins of this plugin's test.
    var pins: TrustStore { TrustStore(files: ["\(home)/pins/trusted-plugins.json"]) }

    /// The plugin as it is found.
    func find() throws -> Plugin { try PluginFinder(places: [.folder(home)]).find(name) }

    /// A file beside the script, which the script finds beside itself.
    func write(_ text: String, to file: String, mode: mode_t) throws {
        let path = "\(folder)/\(file)"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        chmod(path, mode)
    }

    /// What the script has written to a file beside it; `nil` before it has.
    func text(of file: String) -> String? {
        try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
    }

    /// The plugin as a sink, whose log keeps the plugin's folder for as long as there is the sink.
    func sink(
        options: [String: JSONValue] = [:], environment: [String: String] = [:], log: TestLog = TestLog(),
        deadlines: Deadlines = Deadlines(start: .seconds(20), call: .seconds(20), shutdown: .seconds(5))
    ) throws -> PluginSink {
        try pins.trust(try find())
        return try PluginSink(
            plugin: try find(), trust: pins, options: options,
            host: Peer(name: "credferry", version: "0"), environment: environment,
            logger: log.logger(keeping: self),
            deadlines: deadlines)
    }

    private static func makeFolder() throws -> String {
        var template = Array("/tmp/credferry-test-XXXXXX".utf8CString)
        guard let path = mkdtemp(&template) else { throw PluginError(.notFound, FilePath.lastError) }
        return String(cString: path)
    }
}

/// A log that is kept.
final class TestLog: Sendable {
    private let kept = Mutex<[(text: String, plugin: String?)]>([])

    /// The lines so far.
    var lines: [String] { kept.withLock { $0.map(\.text) } }
    /// The plugins that were named with them.
    var plugins: Set<String?> { kept.withLock { Set($0.map(\.plugin)) } }

    /// Writes here, and owns `plugin`.
    func logger(keeping plugin: TestPlugin) -> Logger {
        Logger(label: "test") { _ in Handler(log: self, plugin: plugin) }
    }

    private struct Handler: LogHandler {
        let log: TestLog
        let plugin: TestPlugin
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let plugin = metadata["plugin"].map { "\($0)" }
            log.kept.withLock { $0.append((event.message.description, plugin)) }
        }
    }
}

/// A metadata for tests.
let someMetadata = Metadata(
    appId: "app", tenant: "tenant", keyId: "key", cluster: "demo", credential: "service-principal",
    notAfter: Date(timeIntervalSince1970: 1_800_000_000))

/// A secret of the text's bytes.
func secret(_ text: String) -> Secret {
    var buffer = SecretBuffer()
    buffer.append(text)
    return buffer.finish()
}

/// The text of a secret.
func text(_ secret: borrowing Secret) -> String {
    secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
}

/// Whether a process runs; one that has ended and that nobody has reaped does not.
func isAlive(_ pid: Int) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
        let end = status.lastIndex(of: ")")
    else { return false }
    return !status[end...].hasPrefix(") Z")
}

/// Waits until `condition` holds, for 20 seconds at most.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<2000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}
