/// Why one of Azure's services did not do what it was asked.
public struct AzureError: Error, Sendable, Equatable {
    /// The kinds that callers tell apart.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The service could not be reached: the request never left.
        case unreachable
        /// The request went out and may have been carried out, but no answer tells.
        case answerLost
        /// The service has a fault of its own, and has done nothing.
        case unavailable
        /// The service asks to be left alone for longer than the call was allowed to wait.
        case throttled
        /// Another operation or a concurrent change is in the way.
        case conflict
        /// The thing does not exist.
        case notFound
        /// The thing was made a moment ago, and a replica of the directory does not know it.
        case notKnownYet
        /// Signed in, but not permitted.
        case forbidden
        /// Signing in failed.
        case signIn
        /// This way of signing in is not to be had here: something that it needs is not set or not there.
        case notOffered
        /// Entra does not accept the secret, or not yet.
        case secretRefused
        /// AKS refuses characters of the secret.
        case badCharacters
        /// The cluster is stopped.
        case stopped
        /// The request can never succeed as it is.
        case refused
        /// The answer is not what the service documents.
        case malformed
        /// The caller gave up.
        case cancelled
    }

    /// What kind of failure this is.
    public let code: Code
    /// What happened, to which thing, and why, with the service's code and request id.
    public let message: String
    /// What the operator can do about it.
    public let hint: String?
    /// The HTTP status, where there was an answer.
    public let status: Int?
    /// The service's own code, such as `AuthorizationFailed` or `AADSTS7000215`.
    public let serviceCode: String?
    /// The more specific code inside, such as `ObjectIsDeletedButRecoverable`.
    public let innerCode: String?
    /// What Microsoft's support finds the request by.
    public let requestId: String?
    /// How long the service asks to be left alone, in seconds.
    public let retryAfter: Double?

    init(
        _ code: Code, _ message: String, hint: String? = nil, status: Int? = nil, serviceCode: String? = nil,
        innerCode: String? = nil, requestId: String? = nil, retryAfter: Double? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.status = status
        self.serviceCode = serviceCode
        self.innerCode = innerCode
        self.requestId = requestId
        self.retryAfter = retryAfter
    }

    /// The same, of another kind.
    ///
    /// - Parameter other: what the operator can do about it, in place of what it says.
    func `as`(_ code: Code, hint other: String? = nil) -> AzureError {
        AzureError(
            code, message, hint: other ?? hint, status: status, serviceCode: serviceCode,
            innerCode: innerCode, requestId: requestId, retryAfter: retryAfter)
    }
}

extension AzureError: CustomStringConvertible {
    /// The message, and the hint where there is one.
    public var description: String {
        hint.map { "\(message); \($0)" } ?? message
    }
}
