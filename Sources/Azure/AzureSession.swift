public import HTTP

/// One signed-in account and the services that it speaks to.
public struct AzureSession: Sendable {
    /// Where the services are.
    public let cloud: Cloud
    /// The token endpoint.
    public let entra: Entra
    /// The directory.
    public let graph: Graph
    /// The clusters.
    public let resourceManager: ResourceManager
    private let client: HTTPClient
    private let tokens: TokenCache

    /// Speaks to `cloud` through `client`, signed in by `signIn`; nothing is asked before the first call.
    public init(_ cloud: Cloud, client: HTTPClient, signIn: any SignIn) {
        self.cloud = cloud
        self.client = client
        tokens = TokenCache(signIn)
        entra = Entra(cloud, client: client)
        graph = Graph(cloud, client: client, tokens: tokens)
        resourceManager = ResourceManager(cloud, client: client, tokens: tokens)
    }

    /// The vault at `url`.
    ///
    /// - Throws: ``AzureError/Code/refused`` where it is not one of the cloud's.
    public func keyVault(_ url: String) throws(AzureError) -> KeyVault {
        try KeyVault(url, cloud, client: client, tokens: tokens)
    }

    /// Gets a token for the services behind `audience`, and keeps it for their calls.
    public func signIn(for audience: String) async throws(AzureError) {
        _ = try await tokens.token(for: audience)
    }
}
