internal import CLinux
internal import Glibc
internal import SecretMemory

/// A program of somebody else's that runs to its end and says something secret on its standard output.
///
/// It gets no input, no descriptor but its standard ones, `/` as its folder and a session of its own; whatever
/// becomes of it, its whole process group is gone when the run is.
struct ToolRun: ~Copyable, Sendable {
    /// How a run ended.
    struct Result: ~Copyable, Sendable {
        /// The exit status; 128 and the signal's number where it was killed, as in a shell.
        let status: CInt
        /// What it wrote to its standard output.
        var output: SecretBuffer
        /// The beginning of what it wrote to its standard error.
        let log: String
    }

    /// Why a run came to nothing.
    enum Problem: Error, Equatable {
        case cannotStart(String)
        case tooSlow
        case tooMuch
        case cancelled
    }

    private let pid: pid_t
    private let output: CInt
    private let log: CInt

    /// A token has a few thousand characters.
    private static let maximumOutput = 64 << 10
    private static let maximumLog = 16 << 10

    /// Starts `executable`, an absolute path.
    init(
        _ executable: String, _ arguments: [String], environment: [String: String]
    ) throws(Problem) {
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        var outputs: [CInt] = [-1, -1]
        var logs: [CInt] = [-1, -1]
        // The child's ends are moved out of the way of 0, 1 and 2, which they are going to become.
        var standard: [CInt] = []
        if null >= 0, credferry_pipe(&outputs) == 0, credferry_pipe(&logs) == 0 {
            standard = [null, outputs[1], logs[1]].map { fcntl($0, F_DUPFD_CLOEXEC, 3) }
        }
        defer { for end in standard + [null, outputs[1], logs[1]] where end >= 0 { close(end) } }
        var pid: pid_t = 0
        var code = EMFILE
        if standard.count == 3, !standard.contains(where: { $0 < 0 }),
            fcntl(outputs[0], F_SETFL, O_NONBLOCK) == 0, fcntl(logs[0], F_SETFL, O_NONBLOCK) == 0
        {
            var words = ([executable] + arguments).map { strdup($0) } + [nil]
            var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
            code = credferry_spawn(&pid, executable, standard, &words, &variables)
            for text in words + variables { free(text) }
        }
        guard code == 0 else {
            for end in [outputs[0], logs[0]] where end >= 0 { close(end) }
            throw .cannotStart(String(cString: strerror(code)))
        }
        (self.pid, output, log) = (pid, outputs[0], logs[0])
    }

    deinit {
        kill(-pid, SIGKILL)
        while waitpid(pid, nil, 0) < 0 && errno == EINTR {}
        close(output)
        close(log)
    }

    /// Waits for its end.
    ///
    /// It looks again and again instead of blocking a thread: next to the time that such programs take, the
    /// hundredth of a second is nothing.
    consuming func result(within limit: Duration) async throws(Problem) -> Result {
        let deadline = ContinuousClock.now + limit
        var written = SecretBuffer(capacity: 4_096)
        var said: [UInt8] = []
        while true {
            // First the end, then the pipes: what was written before the end is read after it.
            var value: CInt = 0
            let end = credferry_peek_exit(pid, &value)
            while let part = Self.read(output) {
                written.append(part.bytes)
                guard written.count <= Self.maximumOutput else { throw .tooMuch }
            }
            // As much as a pipe holds, then the clock again: it may be written to faster than it is read.
            for _ in 0..<16 {
                guard let part = Self.read(log) else { break }
                if said.count < Self.maximumLog { part.withUnsafeBytes { said += $0 } }
            }
            guard end < 0 else {
                return Result(
                    status: end == 0 ? value : 128 + value, output: written,
                    log: String(decoding: said, as: UTF8.self))
            }
            guard ContinuousClock.now < deadline else { throw .tooSlow }
            do {
                try await Task.sleep(for: .milliseconds(10))
            } catch {
                throw .cancelled
            }
        }
    }

    /// What there is to read now, at most a page; `nil` where there is nothing.
    private static func read(_ descriptor: CInt) -> Secret? {
        let part = Secret(capacity: 4_096) { output in
            output.withUnsafeMutableBytes { bytes, count in
                // Neither blocks nor is interrupted: both pipes are set not to wait.
                count = max(0, Glibc.read(descriptor, bytes.baseAddress, bytes.count))
            }
        }
        guard part.count > 0 else { return nil }
        return part
    }
}
