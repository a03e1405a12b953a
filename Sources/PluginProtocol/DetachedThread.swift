internal import Glibc

/// Threads for what blocks, which nothing on Swift's cooperative pool may do.
package enum DetachedThread {
    /// Runs `body` on a thread of its own; `false` where the system gives no thread.
    ///
    /// All signals are blocked there: a write to a process that has gone gives `EPIPE` instead of killing
    /// the program with `SIGPIPE`, whose disposition is not a library's to change.
    package static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        guard pthread_create(&thread, nil, runWork, work.toOpaque()) == 0 else {
            work.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    fileprivate final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}

// A free function: a closure written where an actor is in force would trap on another thread.
private func runWork(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    Unmanaged<DetachedThread.Work>.fromOpaque(argument).takeRetainedValue().body()
    return nil
}
