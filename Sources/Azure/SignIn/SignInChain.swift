internal import Synchronization

/// Several ways of signing in, of which the first that is to be had is taken, for good.
///
/// Source: azure-identity's `ChainedTokenCredential`. A way that is not offered here is passed over; one that is
/// offered and fails ends the search, since the account that was meant is not to be replaced by another.
public final class SignInChain: SignIn {
    /// One of the ways.
    public struct Link: Sendable {
        let signIn: any SignIn

        /// A way that may be to be had.
        public init(_ signIn: any SignIn) {
            self.signIn = signIn
        }

        /// The way that is called `name` and is not to be had, and why.
        public init(_ name: String, missing reason: String) {
            self.init(NoSignIn(reason: "\(name): \(reason)"))
        }
    }

    private let links: [Link]
    private let chosen = Mutex<(any SignIn)?>(nil)

    /// A chain of `links`, the first tried first.
    public init(_ links: [Link]) {
        self.links = links
    }

    /// A new token for `audience`.
    ///
    /// - Throws: ``AzureError/Code/signIn`` with every link's reason, a line each, where none is to be had.
    public func acquire(_ audience: String) async throws(AzureError) -> AccessToken {
        if let chosen = chosen.withLock({ $0 }) { return try await chosen.acquire(audience) }
        var reasons: [String] = []
        for link in links {
            do throws(AzureError) {
                try await link.signIn.check()
                let token = try await link.signIn.acquire(audience)
                chosen.withLock { $0 = $0 ?? link.signIn }
                return token
            } catch {
                guard error.code == .notOffered else { throw error }
                reasons.append("\n  \(error.message)")
            }
        }
        throw AzureError(
            .signIn, "there is no account to sign in with:" + reasons.joined(),
            hint:
                "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, run `az login`, or say how in "
                + "`auth:` of the configuration")
    }
}

/// A way that is not to be had.
private struct NoSignIn: SignIn {
    let reason: String

    func check() throws(AzureError) {
        throw AzureError(.notOffered, reason)
    }

    func acquire(_ audience: String) throws(AzureError) -> AccessToken {
        throw AzureError(.notOffered, reason)
    }
}
