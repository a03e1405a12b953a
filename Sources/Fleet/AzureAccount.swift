internal import Azure
internal import HTTP
internal import Settings

/// The account that credferry itself works with, signed in when first needed.
struct AzureAccount: Sendable {
    private let configuration: Configuration
    private let environment: [String: String]
    private let made = Once<AzureAdapter>()

    init(_ configuration: Configuration, environment: [String: String]) {
        self.configuration = configuration
        self.environment = environment
    }

    /// Azure, as that account may use it.
    ///
    /// - Throws: ``FleetError/Code/configuration`` where the configuration does not say how to sign in.
    func adapter() throws(FleetError) -> AzureAdapter {
        try made.get { () throws(FleetError) in try make() }
    }

    private func make() throws(FleetError) -> AzureAdapter {
        let cloud = configuration.cloud.azure
        var options = HTTPClient.Options(userAgent: "credferry/\(Version.current)")
        options.certificateAuthorities = configuration.cloud.certificateAuthorities
        options.environment = environment
        let client = HTTPClient(options)
        let chooser = SignInChooser(
            auth: configuration.auth, file: configuration.file, environment: environment, cloud: cloud,
            client: client)
        let choice = try chooser.choose()
        return AzureAdapter(
            session: AzureSession(cloud, client: client, signIn: choice.signIn),
            tenants: Tenants(known: choice.tenant))
    }
}

extension CloudSettings {
    /// The endpoints that the configuration means.
    fileprivate var azure: Cloud {
        switch self {
        case .public: .publicCloud
        case .usgov: .usGovernment
        case .china: .china
        case .custom(let cloud):
            Cloud(
                authorityHost: cloud.authorityHost, graphEndpoint: cloud.graphEndpoint,
                resourceManagerEndpoint: cloud.resourceManagerEndpoint, keyVaultSuffix: cloud.keyVaultSuffix,
                graphAudience: cloud.graphAudience, resourceManagerAudience: cloud.resourceManagerAudience,
                keyVaultAudience: cloud.keyVaultAudience)
        }
    }

    fileprivate var certificateAuthorities: String? {
        guard case .custom(let cloud) = self else { return nil }
        return cloud.certificateAuthorities
    }
}
