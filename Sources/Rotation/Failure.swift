/// What went wrong in the world, as far as the machine has to tell it apart.
public struct Failure: Codable, Error, Sendable, Equatable {
    /// The kinds that call for different next steps.
    public enum Kind: String, Codable, Sendable, Hashable, CaseIterable {
        /// It did not work now and may later: a service or sink out of reach, a server's error.
        case unavailable
        /// The service asked to be left alone for longer than the call was allowed to wait.
        case throttled
        /// The request went out and its answer was lost: it may have been carried out or not.
        case answerLost
        /// Another operation runs on the cluster.
        case conflict
        /// AKS does not know the secret yet: its replica of Entra lags behind.
        case notPropagated
        /// AKS refuses characters of the secret.
        case badCharacters
        /// The thing does not exist (any more).
        case notFound
        /// The cluster is stopped.
        case clusterStopped
        /// Signed in, but not permitted.
        case forbidden
        /// Signing in failed.
        case signIn
        /// A sink waits for a person to unlock it.
        case locked
        /// A sink's plugin is not trusted, or the sink says no.
        case denied
        /// The request or value can never succeed as it is.
        case invalid
        /// The sink gives back something else than was put into it.
        case mismatch
        /// No sink gives the secret back that was delivered: it is gone.
        case secretLost
        /// A time limit of the policy is over.
        case timeout
        /// Another rotator is at work on this identity.
        case contended
    }

    /// What kind it is.
    public let kind: Kind
    /// What happened, to which thing, and why, with the service's code and request id.
    public let message: String
    /// What the operator can do about it.
    public let hint: String?
    /// How long the service asks to be left alone, in seconds.
    public let retryAfter: Double?

    /// Describes a failure; neither text may hold a secret.
    public init(_ kind: Kind, _ message: String, hint: String? = nil, retryAfter: Double? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.retryAfter = retryAfter
    }

    /// Whether only another secret can help.
    var needsNewSecret: Bool { kind == .badCharacters || kind == .secretLost }

    /// Whether the same call may succeed a little later.
    var isTransient: Bool {
        switch kind {
        case .unavailable, .throttled, .answerLost, .conflict: true
        default: false
        }
    }
}
