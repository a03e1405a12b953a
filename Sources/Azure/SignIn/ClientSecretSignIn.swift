public import SecretMemory

/// Signing in with a client id and a client secret.
public struct ClientSecretSignIn: SignIn {
    private let entra: Entra
    private let tenant: String
    private let client: String
    private let secret: SharedSecret

    /// The account `client` of `tenant`.
    public init(_ entra: Entra, tenant: String, client: String, secret: SharedSecret) {
        self.entra = entra
        self.tenant = tenant
        self.client = client
        self.secret = secret
    }

    /// A new token for `audience`.
    ///
    /// - Throws: ``AzureError/Code/signIn`` where Entra does not accept the account or its secret.
    public func acquire(_ audience: String) async throws(AzureError) -> AccessToken {
        do throws(AzureError) {
            return try await entra.token(
                tenant: tenant, client: client, secret: secret.secret, audience: audience)
        } catch {
            throw error.aboutOurAccount(
                hint: "check `auth:` in the configuration: tenant, client and its secret")
        }
    }
}
