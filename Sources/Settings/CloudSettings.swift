/// Which Azure it is about.
public enum CloudSettings: Sendable, Equatable {
    /// The one that most people use.
    case `public`
    /// Azure Government.
    case usgov
    /// Azure in China, which 21Vianet runs.
    case china
    /// Endpoints of the operator's own.
    case custom(CustomCloud)

    /// What a vault's host ends in, after its name and a dot; it may carry a port.
    public var keyVaultSuffix: String {
        switch self {
        case .public: "vault.azure.net"
        case .usgov: "vault.usgovcloudapi.net"
        case .china: "vault.azure.cn"
        case .custom(let cloud): cloud.keyVaultSuffix
        }
    }
}

/// An Azure with endpoints of its own: a sovereign cloud, Azure Stack Hub, a sandbox.
///
/// Endpoints are `https` URLs without a slash at the end; `http` is taken for the loopback interface alone.
public struct CustomCloud: Sendable, Equatable {
    /// Tokens are had at `{authorityHost}/{tenant}/oauth2/v2.0/token`.
    public let authorityHost: String
    /// Microsoft Graph is at `{graphEndpoint}/v1.0/…`.
    public let graphEndpoint: String
    /// Azure Resource Manager is at `{resourceManagerEndpoint}/subscriptions/…`.
    public let resourceManagerEndpoint: String
    /// A vault's host is `NAME.{keyVaultSuffix}`; it may carry a port.
    public let keyVaultSuffix: String
    /// What tokens for Graph are asked for; `nil` is ``graphEndpoint``.
    public let graphAudience: String?
    /// What tokens for Resource Manager are asked for; `nil` is ``resourceManagerEndpoint``.
    public let resourceManagerAudience: String?
    /// What tokens for Key Vault are asked for; `nil` is `https://{keyVaultSuffix}`.
    public let keyVaultAudience: String?
    /// A PEM bundle of authorities to trust, besides the system's: an absolute path.
    public let certificateAuthorities: String?

    /// Describes a cloud.
    public init(
        authorityHost: String, graphEndpoint: String, resourceManagerEndpoint: String,
        keyVaultSuffix: String, graphAudience: String? = nil, resourceManagerAudience: String? = nil,
        keyVaultAudience: String? = nil, certificateAuthorities: String? = nil
    ) {
        self.authorityHost = authorityHost
        self.graphEndpoint = graphEndpoint
        self.resourceManagerEndpoint = resourceManagerEndpoint
        self.keyVaultSuffix = keyVaultSuffix
        self.graphAudience = graphAudience
        self.resourceManagerAudience = resourceManagerAudience
        self.keyVaultAudience = keyVaultAudience
        self.certificateAuthorities = certificateAuthorities
    }
}
