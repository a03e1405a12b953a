internal import CLibcurl
internal import Glibc

/// The one thread that speaks to libcurl.
///
/// libcurl's multi handle and its transfers belong to one thread. Callers put commands into the inbox and
/// wake the thread; it begins and ends transfers and resumes the callers' continuations. Nothing that waits
/// ever runs on Swift's own threads, and loading libcurl does not either.
final class Engine: Sendable {
    private enum Command {
        case start(Exchange)
        case cancel(Exchange)
    }

    private struct Inbox {
        var commands: [Command] = []
        /// For waking the thread; `nil` before the thread is ready and after its end.
        var loop: (curl: Curl, multi: UnsafeMutableRawPointer)?
        var isClosing = false
        /// Why nothing can be sent any more.
        var end: HTTPError?
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let inbox = Lock(Inbox())
    private let options: HTTPClient.Options

    private static let closed = HTTPError(.cancelled, "the HTTP client was closed")

    /// Starts the thread.
    init(_ options: HTTPClient.Options) throws(HTTPError) {
        self.options = options
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let result = pthread_create(&thread, nil, runEngine, context.toOpaque())
        guard result == 0 else {
            context.release()
            throw HTTPError(.unavailable, "cannot start a thread for HTTP: error \(result)")
        }
        pthread_detach(thread)
    }

    /// Has `exchange` carried out; its continuation is resumed when it is over.
    func start(_ exchange: Exchange) {
        let end = inbox.withLock { inbox in
            if inbox.end == nil { inbox.commands.append(.start(exchange)) }
            wake(inbox)
            return inbox.end
        }
        if let end { exchange.finish(.failure(end)) }
    }

    /// Ends `exchange` at once, or keeps it from being begun.
    func cancel(_ exchange: Exchange) {
        inbox.withLock { inbox in
            guard inbox.end == nil else { return }
            inbox.commands.append(.cancel(exchange))
            wake(inbox)
        }
    }

    /// Ends everything, without waiting for it.
    func beginClosing() {
        inbox.withLock { inbox in
            inbox.isClosing = true
            wake(inbox)
        }
    }

    /// Ends everything; returns when connections are closed and the thread is done with libcurl.
    func close() async {
        beginClosing()
        await withCheckedContinuation { continuation in
            let hasEnded = inbox.withLock { inbox in
                if inbox.end == nil { inbox.closers.append(continuation) }
                return inbox.end != nil
            }
            if hasEnded { continuation.resume() }
        }
    }

    /// Under the lock, so that the multi handle cannot be freed meanwhile.
    private func wake(_ inbox: Inbox) {
        guard let (curl, multi) = inbox.loop else { return }
        _ = curl.functions.pointee.multi_wakeup(multi)
    }

    // MARK: The thread

    fileprivate func run() {
        // Signals are for the program's own threads; here SIGPIPE, which OpenSSL's writes can raise, would
        // end the process.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, nil)
        credferry_curl_name_thread("credferry-http")

        let end: HTTPError
        switch Curl.shared {
        case .success(let curl): end = loop(curl)
        case .failure(let failure): end = failure
        }
        let (commands, closers) = inbox.withLock { inbox in
            inbox.end = end
            defer { (inbox.commands, inbox.closers) = ([], []) }
            return (inbox.commands, inbox.closers)
        }
        for case .start(let exchange) in commands { exchange.finish(.failure(end)) }
        for closer in closers { closer.resume() }
    }

    /// Carries out exchanges until the client is closed.
    private func loop(_ curl: Curl) -> HTTPError {
        guard let multi = curl.functions.pointee.multi_init() else {
            return HTTPError(.unavailable, "libcurl does not start")
        }
        var transfers = Transfers(curl, multi, options)
        inbox.withLock { $0.loop = (curl, multi) }
        var failure: HTTPError?
        while failure == nil {
            failure = carryOutCommands(&transfers) ? Self.closed : transfers.proceed()
        }
        inbox.withLock { $0.loop = nil }
        transfers.cancelAll()
        _ = curl.functions.pointee.multi_cleanup(multi)
        return failure ?? Self.closed
    }

    /// Empties the inbox; a function of its own, so that nothing holds an exchange's secrets any more when
    /// the thread goes to sleep.
    ///
    /// - Returns: whether the client is being closed.
    private func carryOutCommands(_ transfers: inout Transfers) -> Bool {
        let (commands, isClosing) = inbox.withLock { inbox in
            defer { inbox.commands = [] }
            return (inbox.commands, inbox.isClosing)
        }
        for command in commands {
            switch command {
            case .start(let exchange): transfers.start(exchange)
            case .cancel(let exchange): transfers.cancel(exchange)
            }
        }
        return isClosing
    }
}

/// What the thread runs; a function, since a closure could be bound to the main actor.
private func runEngine(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<Engine>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
