internal import CLinux
internal import Glibc
internal import Logging
internal import PluginProtocol
internal import SecretMemory
internal import SinkCore
internal import Synchronization

/// One run of a plugin: calls go in, answers come out, matched by their ids.
///
/// A thread of its own (``PluginLoop``) does all reading, writing and waiting; callers suspend. The two meet
/// in `state`, and a pipe wakes the thread.
final class PluginProcess: Sendable {
    /// A call that waits for its answer.
    struct Pending {
        let method: String
        let time: Duration
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Result<Answer, SinkError>, Never>
    }

    /// How the process is to end.
    enum Ending: Int, Comparable {
        /// Not at all, for now.
        case none
        /// When the last pending call has been answered.
        case whenIdle
        /// At once.
        case now

        static func < (left: Ending, right: Ending) -> Bool { left.rawValue < right.rawValue }
    }

    /// A line that has not been written yet, and the call that it asks for.
    struct Outgoing {
        var id: Int?
        let line: SharedSecret
    }

    struct State {
        var outbox: [Outgoing] = []
        var pending: [Int: Pending] = [:]
        var lastID = 0
        var ending = Ending.none
        /// Lines on standard output that were no answers; they explain a missing answer.
        var strayLines = 0
        /// Set once no call can be answered any more.
        var failure: SinkError?
        var isOver = false
        var waiters: [CheckedContinuation<Void, Never>] = []

        /// Takes a call back: it is not sent any more, or the plugin is told that nobody waits for its answer.
        mutating func giveUp(_ id: Int) -> Pending? {
            guard let call = pending.removeValue(forKey: id) else { return nil }
            if let unsent = outbox.firstIndex(where: { $0.id == id }) {
                outbox.remove(at: unsent)
            } else if let line = Call.cancelLine(id: .number(id)) {
                outbox.append(Outgoing(line: line))
            }
            return call
        }
    }

    let state = Mutex(State())
    /// What errors call the plugin.
    let subject: String
    private let wakeUp: (read: Int32, write: Int32)

    /// Starts the plugin's process and the thread that talks to it.
    init(
        _ plugin: Plugin, executable: borrowing OpenedExecutable, environment: [String: String],
        deadlines: Deadlines, logger: Logger
    ) throws(PluginError) {
        subject = "plugin \(plugin.manifest.name)"
        var ends: [Int32] = [-1, -1]
        guard credferry_pipe(&ends) == 0 else {
            throw PluginError(.cannotStart, "\(subject): no pipe: \(FilePath.lastError)")
        }
        wakeUp = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        let child = try ChildProcess(executable: executable, environment: environment)
        let loop = PluginLoop(child, of: self, wakeUp: ends[0], deadlines: deadlines, logger: logger)
        guard DetachedThread.start({ loop.run() }) else {
            throw PluginError(.cannotStart, "\(subject): the system has no thread to talk to it")
        }
    }

    deinit {
        close(wakeUp.read)
        close(wakeUp.write)
    }

    /// Whether another call can be given to it.
    var isUsable: Bool {
        state.withLock { $0.failure == nil && $0.ending == .none }
    }

    /// Asks the plugin, and waits for its answer, for `time` at most.
    ///
    /// - Throws: the plugin's own error; ``SinkError/Code/unavailable`` where it does not answer in time, ends,
    ///   or the task is cancelled, which the plugin is then told.
    func call(_ call: Call, within time: Duration) async throws(SinkError) -> Answer {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        guard let line = call.line(id: .number(id)) else {
            throw SinkError(
                .refused,
                "\(subject): a message of more than \(Wire.maximumMessageBytes) bytes cannot be sent",
                hint: "the secret and its name must fit into one message")
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let pending = Pending(
                    method: call.method, time: time, deadline: .now + time, continuation: continuation)
                enqueue(line, id: id, pending)
            }
        } onCancel: {
            giveUp(id)
        }
        let answer = try result.get()
        if let failure = answer.failure { throw failure.sinkError(from: subject) }
        return answer
    }

    /// Takes no more calls, and ends when those that are pending have ended.
    func retire() {
        end(.whenIdle)
    }

    /// Fails what is pending and ends the plugin, without waiting for it.
    func abandon() {
        end(.now)
    }

    /// Whether its process has ended.
    var isOver: Bool {
        state.withLock(\.isOver)
    }

    /// Fails what is pending, ends the plugin and waits until its whole process group is gone.
    func shutDown() async {
        end(.now)
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiters.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    private func end(_ ending: Ending) {
        state.withLock { $0.ending = max($0.ending, ending) }
        wake()
    }

    private func enqueue(_ line: SharedSecret, id: Int, _ pending: Pending) {
        let failure: SinkError? = state.withLock { state in
            if let failure = state.failure { return failure }
            guard state.ending != .now else { return SinkError(.unavailable, "\(subject) was shut down") }
            // The handler of a task that was cancelled before it came here has found nothing to give up.
            if Task.isCancelled { return cancelled(pending.method) }
            state.pending[id] = pending
            state.outbox.append(Outgoing(id: id, line: line))
            return nil
        }
        if let failure {
            pending.continuation.resume(returning: .failure(failure))
        } else {
            wake()
        }
    }

    private func giveUp(_ id: Int) {
        guard let pending = state.withLock({ $0.giveUp(id) }) else { return }
        pending.continuation.resume(returning: .failure(cancelled(pending.method)))
        wake()
    }

    private func cancelled(_ method: String) -> SinkError {
        SinkError(.unavailable, "\(subject): \(method) was cancelled before it was answered")
    }

    /// Lets the thread look at `state`.
    ///
    /// A full pipe has woken it already.
    private func wake() {
        var byte: UInt8 = 0
        write(wakeUp.write, &byte, 1)
    }
}
