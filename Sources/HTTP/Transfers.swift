internal import CLibcurl

/// The transfers under way in one multi handle; belongs to the engine's thread.
struct Transfers {
    private let curl: Curl
    private let multi: UnsafeMutableRawPointer
    private let options: HTTPClient.Options
    private let trust: Trust
    private let proxies: ProxyRules
    private var running: [UnsafeMutableRawPointer: Exchange] = [:]
    /// No exchange is overdue before this moment.
    private var nextDeadline: ContinuousClock.Instant?

    /// How long the thread sleeps where nothing is to be done.
    private static let idle: Duration = .seconds(60)

    init(_ curl: Curl, _ multi: UnsafeMutableRawPointer, _ options: HTTPClient.Options) {
        self.curl = curl
        self.multi = multi
        self.options = options
        let environment = options.environment ?? HTTPClient.processEnvironment
        trust = Trust(additional: options.certificateAuthorities, environment: environment)
        proxies = ProxyRules(environment: environment)
        let perHost = max(1, options.maximumConnectionsPerHost)
        // Connections kept open: those to a tenant's sign-in, Graph, Resource Manager and a vault.
        for (option, value) in [
            (CURLMOPT_MAX_HOST_CONNECTIONS, perHost), (CURLMOPT_MAXCONNECTS, 4 * perHost),
            (CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING)),
        ] {
            _ = credferry_curl_multi_set_long(curl.functions, multi, option, value)
        }
    }

    mutating func start(_ exchange: Exchange) {
        guard !exchange.isCancelled else {
            return exchange.finish(.failure(exchange.cancelled("the task was cancelled")))
        }
        do throws(HTTPError) {
            let easy = try exchange.makeTransfer(curl, options, trust, proxies)
            running[easy] = exchange
            nextDeadline = min(nextDeadline ?? exchange.deadline, exchange.deadline)
            let result = curl.functions.pointee.multi_add_handle(multi, easy)
            guard result != CURLM_OK else { return }
            running[easy] = nil
            exchange.dispose(of: easy, curl)
            throw HTTPError(.unavailable, "\(exchange.shown): libcurl refuses: error \(result.rawValue)")
        } catch {
            exchange.finish(.failure(error))
        }
    }

    mutating func cancel(_ exchange: Exchange) {
        exchange.isCancelled = true
        // A transfer that is over has none any more; one that has not begun has none yet.
        guard let easy = exchange.easy else { return }
        end(easy) { $0.cancelled("the task was cancelled") }
    }

    mutating func cancelAll() {
        for easy in running.keys {
            end(easy) { $0.cancelled("the HTTP client was closed") }
        }
    }

    /// Does what can be done now, then waits for the network, a deadline, or being woken.
    ///
    /// - Returns: why there is no going on, where that is so.
    mutating func proceed() -> HTTPError? {
        var count: CInt = 0
        var result = curl.functions.pointee.multi_perform(multi, &count)
        var ending = CURLE_OK
        while let easy = credferry_curl_next_done(curl.functions, multi, &ending) {
            let (curl, trust, ending) = (curl, trust, ending)
            end(easy) { $0.failure(ending, curl, trust) }
        }
        endOverdue()
        let sleep = min(Self.idle, nextDeadline.map { ContinuousClock.now.duration(to: $0) } ?? Self.idle)
        if result == CURLM_OK {
            result = curl.functions.pointee.multi_poll(multi, nil, 0, CInt(sleep.milliseconds), nil)
        }
        guard result != CURLM_OK else { return nil }
        return HTTPError(.unavailable, "libcurl fails: error \(result.rawValue)")
    }

    /// Ends exchanges whose time is over.
    ///
    /// libcurl's own limit (`CURLOPT_TIMEOUT_MS`) does not end one that waits for a free connection.
    private mutating func endOverdue() {
        let now = ContinuousClock.now
        guard let deadline = nextDeadline, deadline <= now else { return }
        for (easy, exchange) in running where exchange.deadline <= now {
            end(easy) { $0.overdue() }
        }
        nextDeadline = running.values.map(\.deadline).min()
    }

    /// Takes a transfer out and tells its caller.
    ///
    /// - Parameter failure: why there is no answer; `nil` where there is one.
    private mutating func end(_ easy: UnsafeMutableRawPointer, _ failure: (Exchange) -> HTTPError?) {
        guard let exchange = running.removeValue(forKey: easy) else { return }
        _ = curl.functions.pointee.multi_remove_handle(multi, easy)
        let failure = failure(exchange)
        exchange.dispose(of: easy, curl)
        exchange.finish(failure.map { .failure($0) } ?? .success(()))
    }
}
