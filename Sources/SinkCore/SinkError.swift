/// Why a sink did not do what it was asked.
public struct SinkError: Error, Sendable, Equatable {
    /// The kinds that callers tell apart; most of them the plugin protocol's.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The name holds nothing.
        case notFound
        /// A person must unlock the store.
        case locked
        /// The store says no: permissions, policy, trust.
        case denied
        /// credferry's own account is not permitted, or could not sign in.
        case forbidden
        /// The store cannot be reached now; worth trying again.
        case unavailable
        /// The store cannot hold this name or value.
        case refused
        /// The sink does not offer this call.
        case unsupported
        /// The store or plugin answered something that it must not answer.
        case broken
    }

    /// What kind of failure this is.
    public let code: Code
    /// What happened, to which thing, and why; lower case, no full stop.
    public let message: String
    /// What the operator can do about it.
    public let hint: String?

    /// Describes a failure; `message` and `hint` must hold no secret.
    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }
}

extension SinkError: CustomStringConvertible {
    /// The message, and the hint where there is one.
    public var description: String {
        hint.map { "\(message); \($0)" } ?? message
    }
}
