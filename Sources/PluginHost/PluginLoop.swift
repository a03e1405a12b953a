internal import CLinux
internal import Glibc
internal import Logging
internal import PluginProtocol
internal import SecretMemory
internal import SinkCore
internal import Synchronization

/// The thread that talks to one plugin: it polls the three pipes, the process's end and the wake-up pipe.
///
/// Whatever the plugin does, its memory here is bounded: one unfinished line of each pipe, and the calls that
/// are pending.
final class PluginLoop: @unchecked Sendable {
    // Sendable: made by one thread and then used by the loop's alone.
    private var child: ChildProcess
    private var output: LineReader
    private var log: PluginLog
    private var writing: (line: SharedSecret, offset: Int)?
    private var isOutputOpen = true
    private var stage = Stage.running
    private var reason: String?
    private let process: PluginProcess
    private let wakeUp: Int32
    private let deadlines: Deadlines
    private let logger: Logger

    /// How far the plugin's end has come; each stage is over at a moment.
    private enum Stage {
        case running
        case asked(until: ContinuousClock.Instant)
        case terminated(until: ContinuousClock.Instant)
        case killed(until: ContinuousClock.Instant)
    }

    /// Lines that are no answers are logged so many times; a plugin may write them without end.
    private static let loggedStrayLines = 20
    /// How long a killed process is waited for; one that hangs in the kernel is left to `init`.
    private static let reapTime = Duration.seconds(2)

    init(
        _ child: consuming ChildProcess, of process: PluginProcess, wakeUp: Int32, deadlines: Deadlines,
        logger: Logger
    ) {
        output = LineReader(child.output)
        log = PluginLog(descriptor: child.log, logger: logger)
        self.child = child
        self.process = process
        self.wakeUp = wakeUp
        self.deadlines = deadlines
        self.logger = logger
    }

    /// Talks until the plugin has ended, or was made to.
    func run() {
        var end: ChildProcess.End?
        while true {
            takeNextLine()
            startEnding()
            guard advanceStage() else { break }
            let ready = poll()
            if ready.wakeUp { drainWakeUp() }
            if ready.log { log.read() }
            if ready.output { readOutput() }
            if ready.input { write() }
            failOverdueCalls()
            if ready.ended, let how = child.end {
                end = how
                break
            }
        }
        child.signal(SIGKILL)
        // What it wrote just before its end is still in the pipes, which hold no more than this many reads.
        for _ in 0..<64 where isOutputOpen { if !readOutput() { break } }
        for _ in 0..<64 where log.isOpen { if !log.read() { break } }
        finish(end)
    }

    // MARK: Waiting

    private struct Ready {
        var (input, output, log, ended, wakeUp) = (false, false, false, false, false)
    }

    private func poll() -> Ready {
        let readable = Int16(POLLIN)
        var set = [
            pollfd(fd: writing == nil ? -1 : child.input, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: isOutputOpen ? child.output : -1, events: readable, revents: 0),
            pollfd(fd: log.isOpen ? child.log : -1, events: readable, revents: 0),
            pollfd(fd: child.ended, events: readable, revents: 0),
            pollfd(fd: wakeUp, events: readable, revents: 0),
        ]
        if Glibc.poll(&set, nfds_t(set.count), timeout()) < 0 { return Ready() }
        return Ready(
            input: set[0].revents != 0, output: set[1].revents != 0, log: set[2].revents != 0,
            ended: set[3].revents != 0, wakeUp: set[4].revents != 0)
    }

    /// Milliseconds to the next moment at which something is overdue; -1 for none.
    private func timeout() -> Int32 {
        var moments = process.state.withLock { $0.pending.values.map(\.deadline) }
        switch stage {
        case .running: break
        case .asked(let until), .terminated(let until), .killed(let until): moments.append(until)
        }
        guard let next = moments.min() else { return -1 }
        let left = next - .now
        guard left > .zero else { return 0 }
        // One more than the whole milliseconds: waking early would only mean to go round once more.
        let (seconds, attoseconds) = left.components
        return Int32(clamping: min(seconds, 3600) * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }

    private func drainWakeUp() {
        var bytes = [UInt8](repeating: 0, count: 256)
        while read(wakeUp, &bytes, bytes.count) > 0 {}
    }

    // MARK: Writing

    private func takeNextLine() {
        guard writing == nil, child.input >= 0 else { return }
        let next = process.state.withLock { $0.outbox.isEmpty ? nil : $0.outbox.removeFirst() }
        writing = next.map { ($0.line, 0) }
    }

    private func write() {
        guard let (line, offset) = writing else { return }
        let descriptor = child.input
        let (written, code) = line.secret.withUnsafeBytes { bytes in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
            return (written, errno)
        }
        if written >= 0 {
            let next = offset + written
            writing = next == line.secret.count ? nil : (line, next)
        } else if code != EAGAIN && code != EINTR {
            hangUp("closed its standard input")
        }
    }

    // MARK: Reading

    /// Reads once; whether there may be more.
    @discardableResult
    private func readOutput() -> Bool {
        do {
            let progress = try output.read { line in handle(&line) }
            if progress == .end {
                isOutputOpen = false
                hangUp("closed its standard output")
            }
            return progress == .bytes
        } catch {
            isOutputOpen = false
            if case .tooLong(let limit) = error {
                fail(SinkError(.broken, "\(process.subject) wrote a line of more than \(limit) bytes"))
            }
            hangUp("cannot be read from")
        }
        return false
    }

    private func handle(_ line: inout SecretBuffer) {
        let length = line.count
        guard let answer = Answer(&line) else {
            // Its text is not shown: it may be a secret that a script has printed by mistake.
            let count = process.state.withLock { state in
                state.strayLines += 1
                return state.strayLines
            }
            if count <= Self.loggedStrayLines {
                logger.debug("a line of \(length) bytes on standard output is no JSON-RPC answer")
            }
            return
        }
        guard case .number(let id)? = answer.id else {
            let reason = answer.failure.map { $0.sinkError(from: process.subject).message }
            logger.debug("an answer without an id that was sent\(reason.map { ": \($0)" } ?? "")")
            return
        }
        // An answer to a call that was given up, or a second answer to one, finds nobody waiting.
        let pending = process.state.withLock { $0.pending.removeValue(forKey: id) }
        pending?.continuation.resume(returning: .success(answer))
    }

    // MARK: Ending

    private func failOverdueCalls() {
        let now = ContinuousClock.now
        let (overdue, strayLines) = process.state.withLock { state in
            let overdue = state.pending.filter { $0.value.deadline <= now }.keys.compactMap {
                state.giveUp($0)
            }
            // What has missed a deadline is not trusted with another call; a new process is.
            if !overdue.isEmpty { state.ending = max(state.ending, .whenIdle) }
            return (overdue, state.strayLines)
        }
        for pending in overdue {
            let stray =
                strayLines == 0
                ? "" : "; it wrote \(strayLines) line(s) on standard output that are no JSON-RPC message"
            let failure = SinkError(
                .unavailable,
                "\(process.subject) did not answer \(pending.method) within \(pending.time.text)\(stray)",
                hint: strayLines == 0
                    ? nil
                    : "a plugin may print nothing but answers; its own messages belong on standard error")
            pending.continuation.resume(returning: .failure(failure))
        }
    }

    /// The plugin has broken the conversation and must end.
    ///
    /// Most often it is about to end by itself: what is pending fails when it has, and says how; or with
    /// `reason`, when the time for that is over.
    private func hangUp(_ reason: String) {
        child.closeInput()
        writing = nil
        process.state.withLock { state in
            state.outbox = []
            state.ending = .now
        }
        guard case .running = stage else { return }
        self.reason = reason
        stage = .asked(until: .now + deadlines.shutdown)
    }

    private func fail(_ failure: SinkError) {
        let pending = process.state.withLock { state in
            state.failure = state.failure ?? failure
            defer { state.pending = [:] }
            return state.pending.values.map(\.continuation)
        }
        for continuation in pending { continuation.resume(returning: .failure(failure)) }
    }

    private func startEnding() {
        guard case .running = stage else { return }
        let isDue = process.state.withLock { state in
            state.ending == .now || (state.ending == .whenIdle && state.pending.isEmpty)
        }
        guard isDue else { return }
        fail(SinkError(.unavailable, "\(process.subject) was shut down"))
        // The id is one that no call has; nobody waits for the answer, but for the end.
        let line = Call.shutdown.line(id: .number(0))
        process.state.withLock { $0.outbox += line.map { [PluginProcess.Outgoing(line: $0)] } ?? [] }
        takeNextLine()
        stage = .asked(until: .now + deadlines.shutdown)
    }

    /// Goes on to the next stage where one is over; `false` where there is nothing left to wait for.
    private func advanceStage() -> Bool {
        let now = ContinuousClock.now
        switch stage {
        case .asked(let until):
            // Its input ends once it has been told: a plugin that knows no `shutdown` sees that.
            let isTold = process.state.withLock(\.outbox.isEmpty) && writing == nil
            if isTold { child.closeInput() }
            guard until <= now else { return true }
            if let reason { fail(SinkError(.unavailable, "\(process.subject) \(reason)")) }
            child.signal(SIGTERM)
            stage = .terminated(until: now + deadlines.shutdown)
        case .terminated(let until) where until <= now:
            child.signal(SIGKILL)
            stage = .killed(until: now + Self.reapTime)
        case .killed(let until) where until <= now:
            return false
        case .running, .terminated, .killed:
            break
        }
        return true
    }

    private func finish(_ end: ChildProcess.End?) {
        let how =
            switch end {
            case .exited(let status)?: "ended with status \(status)"
            case .signalled(let signal)?: "was ended by \(SignalName.of(signal))"
            case nil: "cannot be killed"
            }
        fail(SinkError(.unavailable, "\(process.subject) \(how) before it answered"))
        logger.debug("the plugin \(how)")
        if end != nil { child.reap() }
        let waiters = process.state.withLock { state in
            state.isOver = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

/// What a signal is called.
private enum SignalName {
    static func of(_ signal: Int32) -> String {
        credferry_signal_name(signal).map { "SIG" + String(cString: $0) } ?? "signal \(signal)"
    }
}
