import FoundationEssentials
import Glibc
import PluginProtocol
import SecretMemory
import SinkCore
import Synchronization

@testable import PluginKit

/// A host's side of a conversation with a plugin that runs in this process.
final class Conversation: Sendable {
    private let toPlugin: Int32
    private let fromPlugin: Int32
    private let ended: Task<Int32, Never>
    private let unread = Mutex("")

    init(_ makeSink: @escaping @Sendable (PluginOptions) async throws -> any Sink) {
        var (down, up): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        precondition(pipe(&down) == 0 && pipe(&up) == 0)
        (toPlugin, fromPlugin) = (down[1], up[0])
        let (input, output) = (down[0], up[1])
        ended = Task {
            let session = Session(peer: Peer(name: "test", version: "1"), makeSink: makeSink)
            let status = await HostPipes(input: input, output: output).serve(session)
            close(output)
            return status
        }
    }

    deinit {
        close(fromPlugin)
    }

    /// Writes a line, or a piece of one.
    func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            precondition(Glibc.write(toPlugin, bytes.baseAddress, bytes.count) == bytes.count)
        }
    }

    /// Writes a request.
    func ask(_ id: Int, _ method: String, _ params: String = "{}") {
        write(#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"# + "\n")
    }

    /// Writes `initialize`, and drops its answer.
    func begin(options: String = "{}") async {
        ask(0, "initialize", #"{"protocol":[1],"host":{"name":"h","version":"1"},"options":\#(options)}"#)
        _ = await next()
    }

    /// The next line from the plugin; `nil` at the end.
    func next() async -> String? {
        await withCheckedContinuation { continuation in
            _ = DetachedThread.start { [self] in continuation.resume(returning: readLine()) }
        }
    }

    /// Closes the plugin's standard input.
    func hangUp() {
        close(toPlugin)
    }

    /// How the plugin's process would have ended.
    var status: Int32 {
        get async { await ended.value }
    }

    private func readLine() -> String? {
        unread.withLock { unread in
            while true {
                if let end = unread.firstIndex(of: "\n") {
                    defer { unread = String(unread[unread.index(after: end)...]) }
                    return String(unread[..<end])
                }
                var bytes = [UInt8](repeating: 0, count: 4096)
                let count = read(fromPlugin, &bytes, bytes.count)
                guard count > 0 else { return nil }
                unread += String(decoding: bytes.prefix(count), as: UTF8.self)
            }
        }
    }
}

/// A store in memory; the name `slow` is held until the call is cancelled.
final class MemorySink: Sink {
    let capabilities: Set<SinkCapability> = [.put, .get]
    private let kept = Mutex<[String: (SharedSecret, Metadata)]>([:])

    func check(name: String) throws(SinkError) {
        guard name != "bad" else { throw SinkError(.refused, "\"bad\" cannot be held", hint: "another name") }
    }

    func put(_ secret: borrowing Secret, as name: String, metadata: Metadata) async throws(SinkError)
        -> String?
    {
        let shared = SharedSecret(secret.clone())
        kept.withLock { $0[name] = (shared, metadata) }
        return "1"
    }

    func get(_ name: String) async throws(SinkError) -> StoredSecret {
        if name == "slow" {
            try? await Task.sleep(for: .seconds(1000))
            throw SinkError(.unavailable, "cancelled: \(Task.isCancelled)")
        }
        guard let (secret, metadata) = kept.withLock({ $0[name] }) else {
            throw SinkError(.notFound, "nothing")
        }
        return StoredSecret(secret: secret.secret.clone(), metadata: metadata)
    }
}
