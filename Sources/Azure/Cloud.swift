/// Where a cloud's services are, and whom their tokens are for.
///
/// The three that Microsoft runs are those of azure-cli's `cloud.py`; any other is described by its endpoints.
public struct Cloud: Sendable, Equatable {
    /// Entra: tokens are at `{authorityHost}/{tenant}/oauth2/v2.0/token`.
    public let authorityHost: String
    /// Microsoft Graph.
    public let graphEndpoint: String
    /// Azure Resource Manager.
    public let resourceManagerEndpoint: String
    /// What comes after a vault's name in its host; may carry a port.
    public let keyVaultSuffix: String
    /// Whom Graph's tokens are for.
    public let graphAudience: String
    /// Whom Resource Manager's tokens are for.
    public let resourceManagerAudience: String
    /// Whom Key Vault's tokens are for.
    public let keyVaultAudience: String

    /// Describes a cloud by its endpoints; an audience that is left out is the endpoint itself, or
    /// `https://{keyVaultSuffix}`.
    public init(
        authorityHost: String, graphEndpoint: String, resourceManagerEndpoint: String, keyVaultSuffix: String,
        graphAudience: String? = nil, resourceManagerAudience: String? = nil, keyVaultAudience: String? = nil
    ) {
        self.authorityHost = authorityHost.withoutTrailingSlash
        self.graphEndpoint = graphEndpoint.withoutTrailingSlash
        self.resourceManagerEndpoint = resourceManagerEndpoint.withoutTrailingSlash
        self.keyVaultSuffix = keyVaultSuffix
        self.graphAudience = graphAudience ?? self.graphEndpoint
        self.resourceManagerAudience = resourceManagerAudience ?? self.resourceManagerEndpoint
        self.keyVaultAudience = keyVaultAudience ?? "https://\(keyVaultSuffix)"
    }

    /// The same cloud, with tokens from another authority.
    public func withAuthority(_ authorityHost: String) -> Cloud {
        Cloud(
            authorityHost: authorityHost, graphEndpoint: graphEndpoint,
            resourceManagerEndpoint: resourceManagerEndpoint, keyVaultSuffix: keyVaultSuffix,
            graphAudience: graphAudience, resourceManagerAudience: resourceManagerAudience,
            keyVaultAudience: keyVaultAudience)
    }

    /// Azure's public cloud.
    public static let publicCloud = Cloud(
        authorityHost: "https://login.microsoftonline.com", graphEndpoint: "https://graph.microsoft.com",
        resourceManagerEndpoint: "https://management.azure.com", keyVaultSuffix: "vault.azure.net")

    /// Azure for the US Government.
    public static let usGovernment = Cloud(
        authorityHost: "https://login.microsoftonline.us", graphEndpoint: "https://graph.microsoft.us",
        resourceManagerEndpoint: "https://management.usgovcloudapi.net",
        keyVaultSuffix: "vault.usgovcloudapi.net")

    /// Azure in China, operated by 21Vianet.
    public static let china = Cloud(
        authorityHost: "https://login.chinacloudapi.cn",
        graphEndpoint: "https://microsoftgraph.chinacloudapi.cn",
        resourceManagerEndpoint: "https://management.chinacloudapi.cn", keyVaultSuffix: "vault.azure.cn")
}

extension String {
    var withoutTrailingSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}
