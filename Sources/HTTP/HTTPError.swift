/// Why a request got no answer.
public struct HTTPError: Error, Sendable, Equatable {
    /// The kinds that callers tell apart.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The request cannot be sent as it is: its URL, a field, a scheme that is not allowed.
        case invalidRequest
        /// The host's name, or the proxy's, has no address.
        case cannotResolve
        /// Nothing answers at the address.
        case cannotConnect
        /// No TLS connection came about that can be trusted.
        case tls
        /// The time given was over.
        case timeout
        /// The connection broke before the answer was complete, or the answer is no HTTP.
        case connectionLost
        /// The answer is larger than allowed.
        case tooLarge
        /// The task was cancelled, or the client closed.
        case cancelled
        /// libcurl is missing, or does not work.
        case unavailable
    }

    /// What kind of failure this is.
    public let code: Code
    /// What happened, to which request, and why; lower case but for names, no full stop.
    public let message: String
    /// What the operator can do about it.
    public let hint: String?
    /// Whether the server may have received the request, and acted on it.
    ///
    /// `false` is certain: not one byte of the request left this machine.
    public let mayHaveBeenSent: Bool

    /// Describes a failure; `message` and `hint` must hold no secret.
    public init(_ code: Code, _ message: String, hint: String? = nil, mayHaveBeenSent: Bool = false) {
        self.code = code
        self.message = message
        self.hint = hint
        self.mayHaveBeenSent = mayHaveBeenSent
    }
}

extension HTTPError: CustomStringConvertible {
    /// The message, and the hint where there is one.
    public var description: String {
        hint.map { "\(message); \($0)" } ?? message
    }
}
