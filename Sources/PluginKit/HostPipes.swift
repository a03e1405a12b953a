internal import Glibc
internal import PluginProtocol
internal import SecretMemory
internal import Synchronization

/// The two pipes to the host.
final class HostPipes: Sendable {
    private let input: Int32
    private let output: Mutex<Int32>

    /// What the reading thread brings.
    private enum Event: Sendable {
        case message(HostMessage)
        case tooLong
    }

    init(input: Int32, output: Int32) {
        self.input = input
        self.output = Mutex(output)
    }

    /// Takes standard input and output for the protocol alone; `nil` where the system does not let us.
    ///
    /// In their places come `/dev/null` and standard error: a library that prints cannot break the protocol,
    /// and one that reads cannot swallow a request.
    static func takeStandard() -> HostPipes? {
        let input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
        let output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard input >= 0, output >= 0, nothing >= 0, dup2(nothing, STDIN_FILENO) >= 0,
            dup2(STDERR_FILENO, STDOUT_FILENO) >= 0
        else { return nil }
        close(nothing)
        return HostPipes(input: input, output: output)
    }

    /// Hands what the host says to `session` until one of the two ends; the process's exit status.
    func serve(_ session: Session) async -> Int32 {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let input = input
        let isStarted = DetachedThread.start {
            Self.read(input) { continuation.yield($0) }
            continuation.finish()
        }
        guard isStarted else { return 1 }
        for await event in events {
            switch event {
            case .message(let message):
                let goesOn = await session.handle(message) { [self] id, reply in send(reply, to: id) }
                if !goesOn { return 0 }
            case .tooLong:
                let limit = Wire.maximumMessageBytes
                send(
                    .failure(
                        RPCError(RPCError.invalidRequest, "the line is longer than \(limit) bytes: good-bye")),
                    to: nil)
                return 1
            }
        }
        return 0
    }

    private static func read(_ input: Int32, _ body: (Event) -> Void) {
        var reader = LineReader(input)
        while true {
            do {
                let progress = try reader.read { line in body(.message(HostMessage(&line))) }
                guard progress == .bytes else { return }
            } catch .tooLong {
                return body(.tooLong)
            } catch {
                return
            }
        }
    }

    /// Writes an answer; answers of several tasks do not mix.
    ///
    /// It may block, and that is right: where the host does not read, there is nothing to be done.
    private func send(_ reply: Reply, to id: RequestID?) {
        let tooLong = RPCError(
            RPCError.internalError, "the answer does not fit into \(Wire.maximumMessageBytes) bytes")
        guard let line = reply.line(id: id) ?? Reply.failure(tooLong).line(id: id) else { return }
        output.withLock { descriptor in
            line.secret.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let written = write(
                        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    if written < 0 && errno == EINTR { continue }
                    // The host has gone: the end of standard input is on its way.
                    guard written > 0 else { return }
                    rest = rest.dropFirst(written)
                }
            }
        }
    }
}
