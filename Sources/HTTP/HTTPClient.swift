internal import FoundationEssentials

/// Sends requests, many at a time, over connections that are kept open.
///
/// - TLS 1.2 or later, and every server's certificate is verified: there is no way to switch that off.
/// - Bodies, and whatever libcurl and OpenSSL keep of them, are in memory that is zeroed.
/// - Nothing is sent twice behind the caller's back over a connection that is not
///   ``HTTPRequest/ConnectionUse/pooled``.
/// - Nothing waits for ever: ``HTTPRequest/timeout`` bounds every exchange, and cancelling the task ends it.
public final class HTTPClient: Sendable {
    /// What holds for all requests of a client.
    public struct Options: Sendable {
        /// A file in PEM with certificate authorities to trust besides the system's.
        public var certificateAuthorities: String?
        /// Sent as `User-Agent` (RFC 9110, section 10.1.5).
        public var userAgent: String
        /// How long it may take until a connection, TLS included, is ready.
        public var connectTimeout: Duration
        /// The largest answer that is taken, in bytes.
        public var maximumBodySize: Int
        /// How many connections to one host there may be; further requests wait.
        public var maximumConnectionsPerHost: Int
        /// Where the proxy's variables, `SSL_CERT_FILE` and `SSL_CERT_DIR` are read from; `nil` is the
        /// process's environment.
        public var environment: [String: String]?

        /// The defaults but for what is given.
        public init(
            certificateAuthorities: String? = nil, userAgent: String = "credferry",
            connectTimeout: Duration = .seconds(10), maximumBodySize: Int = 8 << 20,
            maximumConnectionsPerHost: Int = 16, environment: [String: String]? = nil
        ) {
            self.certificateAuthorities = certificateAuthorities
            self.userAgent = userAgent
            self.connectTimeout = connectTimeout
            self.maximumBodySize = maximumBodySize
            self.maximumConnectionsPerHost = maximumConnectionsPerHost
            self.environment = environment
        }
    }

    private enum State {
        case unused
        case started(Engine)
        case closed
    }

    private let options: Options
    private let state = Lock(State.unused)

    /// A client; nothing is loaded and no thread is started before the first request.
    public init(_ options: Options = Options()) {
        self.options = options
    }

    deinit {
        guard case .started(let engine) = state.withLock({ $0 }) else { return }
        engine.beginClosing()
    }

    /// Sends `request` and waits for the whole answer; any status is an answer.
    ///
    /// - Throws: ``HTTPError``, which says whether the server may have received the request.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let target = try request.check()
        let engine = try engine()
        let exchange = Exchange(request, to: target, maximumBodySize: options.maximumBodySize)
        // The result is the exchange itself: a continuation cannot carry what cannot be copied.
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                exchange.continuation = continuation
                engine.start(exchange)
            }
        } onCancel: {
            engine.cancel(exchange)
        }
        try result.get()
        return exchange.response()
    }

    /// Ends what is under way, closes the connections, and ends the client's thread.
    ///
    /// Requests that are not answered yet, and later ones, fail as ``HTTPError/Code/cancelled``.
    public func close() async {
        let engine: Engine? = state.withLock { state in
            defer { if case .unused = state { state = .closed } }
            guard case .started(let engine) = state else { return nil }
            return engine
        }
        await engine?.close()
    }

    private func engine() throws(HTTPError) -> Engine {
        try state.withLock { state throws(HTTPError) in
            switch state {
            case .started(let engine): return engine
            case .closed: throw HTTPError(.cancelled, "the HTTP client was closed")
            case .unused:
                let engine = try Engine(options)
                state = .started(engine)
                return engine
            }
        }
    }

    static var processEnvironment: [String: String] { ProcessInfo.processInfo.environment }
}
