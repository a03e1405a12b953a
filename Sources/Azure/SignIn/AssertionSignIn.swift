public import SecretMemory

/// Where client assertions come from: whoever vouches for an application instead of a secret.
public protocol AssertionSource: Sendable {
    /// Whether this source is to be had here at all, as ``SignIn/check()`` has it.
    func check() throws(AzureError)

    /// A JSON Web Token that proves to `tokenEndpoint` that its bearer is `client`.
    func assertion(of client: String, to tokenEndpoint: String) async throws(AzureError) -> SharedSecret
}

extension AssertionSource {
    /// What was configured is to be had.
    public func check() throws(AzureError) {}
}

/// Signing in with a client id and a client assertion, which is made or fetched anew for each token.
///
/// Source: Microsoft's "OAuth 2.0 client credentials flow on the Microsoft identity platform", second and third
/// case.
public struct AssertionSignIn: SignIn {
    private let entra: Entra
    private let tenant: String
    private let client: String
    private let source: any AssertionSource

    /// The account `client` of `tenant`, for which `source` vouches.
    public init(_ entra: Entra, tenant: String, client: String, source: any AssertionSource) {
        self.entra = entra
        self.tenant = tenant
        self.client = client
        self.source = source
    }

    /// Asks the source.
    public func check() async throws(AzureError) {
        try source.check()
    }

    /// A new token for `audience`.
    ///
    /// - Throws: ``AzureError/Code/signIn`` where there is no assertion, or Entra does not accept it.
    public func acquire(_ audience: String) async throws(AzureError) -> AccessToken {
        let assertion = try await source.assertion(of: client, to: entra.tokenEndpoint(tenant))
        do throws(AzureError) {
            return try await entra.token(
                tenant: tenant, client: client, assertion: assertion.secret, audience: audience)
        } catch {
            throw error.aboutOurAccount(hint: "check tenant and client: Entra does not know the account")
        }
    }
}

/// Assertions that somebody else writes into a file: the token of a Kubernetes service account.
///
/// Source: Microsoft's "Use Microsoft Entra Workload ID with AKS". The file is read for each token, since its
/// writer replaces it before it expires.
public struct AssertionFile: AssertionSource {
    private let path: String

    /// The file at `path`.
    public init(_ path: String) {
        self.path = path
    }

    /// The file's content.
    ///
    /// - Throws: ``AzureError/Code/signIn`` where it cannot be read.
    public func assertion(of client: String, to tokenEndpoint: String) throws(AzureError) -> SharedSecret {
        do throws(SecretSource.Problem) {
            return try SecretSource.file(path)
        } catch {
            throw AzureError(
                .signIn, "workload identity: the token in \(path) cannot be read: \(error.message)",
                hint: "AZURE_FEDERATED_TOKEN_FILE names the file that the workload identity webhook projects")
        }
    }
}
