public import FoundationEssentials
public import SecretMemory

/// An access token (RFC 6750), and how long it lasts.
public struct AccessToken: Sendable {
    /// The token.
    public let secret: SharedSecret
    /// When it expires.
    public let expiresAt: Date

    /// Puts together what Entra answered.
    public init(secret: SharedSecret, expiresAt: Date) {
        self.secret = secret
        self.expiresAt = expiresAt
    }
}

/// Tokens, kept in memory alone: one an audience, renewed before they expire, asked for once however many
/// callers wait for it.
public actor TokenCache {
    private let signIn: any SignIn
    private var tokens: [String: AccessToken] = [:]
    private var pending: [String: Task<AccessToken, any Error>] = [:]

    /// Microsoft's SDKs renew five minutes early, too.
    private static let margin: TimeInterval = 300

    /// An empty cache in front of a way of signing in.
    public init(_ signIn: any SignIn) {
        self.signIn = signIn
    }

    /// A token for `audience` that lasts for a while.
    public func token(for audience: String) async throws(AzureError) -> SharedSecret {
        if let token = tokens[audience], token.expiresAt > Date() + Self.margin { return token.secret }
        let task = pending[audience] ?? Task { [signIn] in try await signIn.acquire(audience) }
        pending[audience] = task
        do {
            let token = try await task.value
            tokens[audience] = token
            if pending[audience] == task { pending[audience] = nil }
            return token.secret
        } catch {
            if pending[audience] == task { pending[audience] = nil }
            throw error as? AzureError ?? AzureError(.cancelled, "Entra: gave up signing in")
        }
    }

    /// Forgets a token that a service did not accept, unless it has been replaced since.
    func discard(_ token: SharedSecret, for audience: String) {
        if tokens[audience]?.secret === token { tokens[audience] = nil }
    }
}
