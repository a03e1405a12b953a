internal import PluginProtocol
public import SinkCore
internal import Synchronization

/// Runs `body` on a thread of its own, for libraries that block, and waits for `time` at most.
///
/// Where `body` has not ended by then, the call ends with `late` and the thread is left to itself: give `body`
/// a way to notice, such as a cancellation object that the caller fires a little earlier.
public func onThread<Value: Sendable>(
    within time: Duration, late: SinkError,
    _ body: @escaping @Sendable () throws(SinkError) -> Value
) async throws(SinkError) -> Value {
    let result: Result<Value, SinkError> = await withCheckedContinuation { continuation in
        let once = Once(continuation)
        let isStarted = DetachedThread.start {
            do throws(SinkError) {
                once.resume(.success(try body()))
            } catch {
                once.resume(.failure(error))
            }
        }
        guard isStarted else {
            return once.resume(.failure(SinkError(.unavailable, "the system has no thread left")))
        }
        let timer = Task {
            try? await Task.sleep(for: time)
            once.resume(.failure(late))
        }
        once.whenResumed { timer.cancel() }
    }
    return try result.get()
}

/// A continuation that several may try to resume; the first does.
private final class Once<Value: Sendable>: Sendable {
    typealias Outcome = Result<Value, SinkError>

    private struct State {
        var continuation: CheckedContinuation<Outcome, Never>?
        var cleanUp: (@Sendable () -> Void)?
    }
    private let state: Mutex<State>

    init(_ continuation: CheckedContinuation<Outcome, Never>) {
        state = Mutex(State(continuation: continuation))
    }

    func resume(_ outcome: Outcome) {
        let taken = state.withLock { state in
            let taken = state
            state = State()
            return taken
        }
        taken.continuation?.resume(returning: outcome)
        taken.cleanUp?()
    }

    /// Calls `cleanUp` once it is resumed: now, where it has been.
    func whenResumed(_ cleanUp: @escaping @Sendable () -> Void) {
        let isResumed = state.withLock { state in
            guard state.continuation != nil else { return true }
            state.cleanUp = cleanUp
            return false
        }
        if isResumed { cleanUp() }
    }
}
