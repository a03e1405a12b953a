internal import CLinux
internal import Glibc

/// A plugin's process as the operating system sees it: its pipes, its process group, its end.
///
/// It is owned by the one thread that talks to the plugin. The child gets exactly three descriptors (a script a
/// fourth, of itself), the environment that it is given and nothing else, `/` as its folder, and a session of
/// its own: no terminal, and one process group that can be killed whole. Nothing that it runs gives it new
/// privileges (`no_new_privs`), it leaves no core dump, and its memory is bounded.
struct ChildProcess: ~Copyable, Sendable {
    /// Writes to the plugin's standard input without blocking; -1 once closed.
    private(set) var input: Int32
    /// Reads from the plugin's standard output; does not block.
    let output: Int32
    /// Reads from the plugin's standard error; does not block.
    let log: Int32
    /// Becomes readable when the plugin's process ends.
    let ended: Int32
    /// The process, and its process group.
    let pid: pid_t

    /// How a process ended.
    enum End: Sendable, Equatable {
        case exited(status: Int32)
        case signalled(Int32)
    }

    /// How much memory for data each of the plugin's processes gets, in bytes.
    private static let memoryLimit: UInt = 1 << 30

    /// Starts the opened `executable`, without arguments.
    init(executable: borrowing OpenedExecutable, environment: [String: String]) throws(PluginError) {
        var pipes = Pipes()
        do throws(PluginError) {
            let input = try pipes.make(hostWrites: true)
            let output = try pipes.make(hostWrites: false)
            let log = try pipes.make(hostWrites: false)
            let pid = try Self.spawn(
                executable, environment, standard: [input.child, output.child, log.child])
            let ended = credferry_pidfd_open(pid)
            guard ended >= 0 else {
                let reason = FilePath.lastError
                kill(-pid, SIGKILL)
                waitpid(pid, nil, 0)
                throw PluginError(
                    .cannotStart, "\(executable.path): it cannot be watched (pidfd_open: \(reason))")
            }
            pipes.closeChildEnds()
            (self.input, self.output, self.log) = (input.host, output.host, log.host)
            (self.ended, self.pid) = (ended, pid)
        } catch {
            pipes.closeAll()
            throw error
        }
    }

    private var isReaped = false

    deinit {
        if !isReaped { Self.reap(pid) }
        for descriptor in [input, output, log, ended] where descriptor >= 0 { close(descriptor) }
    }

    /// Kills what is left of the process group, and takes the process off the system's table.
    mutating func reap() {
        guard !isReaped else { return }
        isReaped = true
        Self.reap(pid)
    }

    private static func reap(_ pid: pid_t) {
        kill(-pid, SIGKILL)
        while waitpid(pid, nil, 0) < 0 && errno == EINTR {}
    }

    /// How the process ended; `nil` while it runs.
    ///
    /// It is not reaped by this: until then no other process group can get its number.
    var end: End? {
        var value: Int32 = 0
        switch credferry_peek_exit(pid, &value) {
        case 0: return .exited(status: value)
        case 1: return .signalled(value)
        default: return nil
        }
    }

    /// Sends `signal` to the whole process group.
    func signal(_ signal: Int32) {
        kill(-pid, signal)
    }

    /// Lets the plugin see the end of its standard input.
    mutating func closeInput() {
        guard input >= 0 else { return }
        close(input)
        input = -1
    }

    private static func spawn(
        _ executable: borrowing OpenedExecutable, _ environment: [String: String], standard: [Int32]
    ) throws(PluginError) -> pid_t {
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(executable.path), nil]
        var variables = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid: pid_t = 0
        let code = credferry_start_opened(
            &pid, executable.descriptor, executable.isScript ? 1 : 0, Self.memoryLimit, standard, &arguments,
            &variables)
        guard code == 0 else {
            throw PluginError(
                .cannotStart, "\(executable.path) cannot be started: \(String(cString: strerror(code)))",
                hint: code == ENOEXEC ? "a script begins with a line like #!/bin/sh" : nil)
        }
        return pid
    }
}

/// Pipes while a process is being started.
private struct Pipes {
    private var ends: [(host: Int32, child: Int32)] = []

    mutating func make(hostWrites: Bool) throws(PluginError) -> (host: Int32, child: Int32) {
        var pair: [Int32] = [-1, -1]
        guard credferry_pipe(&pair) == 0 else {
            throw PluginError(.cannotStart, "no pipe for the plugin: \(FilePath.lastError)")
        }
        // The child's end is moved out of the way of 0 to 2, which it is going to become, and a script's 3.
        let (host, low) = hostWrites ? (pair[1], pair[0]) : (pair[0], pair[1])
        let child = low > 3 ? low : fcntl(low, F_DUPFD_CLOEXEC, 4)
        if child != low { close(low) }
        ends.append((host, child))
        guard child >= 0, fcntl(host, F_SETFL, O_NONBLOCK) == 0 else {
            throw PluginError(.cannotStart, "no pipe for the plugin: \(FilePath.lastError)")
        }
        return (host, child)
    }

    func closeChildEnds() {
        for end in ends where end.child >= 0 { close(end.child) }
    }

    func closeAll() {
        closeChildEnds()
        for end in ends { close(end.host) }
    }
}
