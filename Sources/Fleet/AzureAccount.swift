internal import Azure
internal import FoundationEssentials
internal import HTTP
internal import Rotation
internal import SecretMemory
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
        let account = try account()
        var options = HTTPClient.Options(userAgent: "credferry/\(Version.current)")
        options.certificateAuthorities = configuration.cloud.certificateAuthorities
        options.environment = environment
        let client = HTTPClient(options)
        let signIn = ClientSecretSignIn(
            Entra(cloud, client: client), tenant: account.tenant, client: account.client,
            secret: account.secret)
        return AzureAdapter(
            session: AzureSession(cloud, client: client, signIn: signIn), tenant: account.tenant)
    }

    private struct Account {
        let tenant: String
        let client: String
        let secret: SharedSecret
    }

    private func account() throws(FleetError) -> Account {
        let auth = configuration.auth
        switch auth.method {
        case .clientSecret:
            guard let tenant = auth.tenant, let client = auth.client else {
                throw FleetError(.configuration, "\(configuration.file): auth: tenant and client are missing")
            }
            if let file = auth.secretFile {
                return Account(tenant: tenant, client: client, secret: try read(file))
            }
            return Account(tenant: tenant, client: client, secret: try variable(auth.secretEnvironment ?? ""))
        case .auto:
            guard let tenant = auth.tenant ?? environment["AZURE_TENANT_ID"],
                let client = auth.client ?? environment["AZURE_CLIENT_ID"],
                environment["AZURE_CLIENT_SECRET"] != nil
            else {
                throw FleetError(
                    .failure(.signIn), "there is no account to sign in with",
                    hint: "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or `auth:` in the "
                        + "configuration")
            }
            return Account(tenant: tenant, client: client, secret: try variable("AZURE_CLIENT_SECRET"))
        default:
            throw FleetError(
                .configuration,
                "\(configuration.file): auth: this version does not sign in by \(auth.method.rawValue)",
                hint: "use `method: client-secret`")
        }
    }

    /// A variable of our own environment, copied from where the kernel put it.
    private func variable(_ name: String) throws(FleetError) -> SharedSecret {
        guard let secret = SecretSource.environment(name), secret.secret.count > 0 else {
            throw FleetError(
                .configuration, "auth: the environment's \(name), which should hold the secret, is not set")
        }
        return secret
    }

    private func read(_ file: String) throws(FleetError) -> SharedSecret {
        do throws(SecretSource.Problem) {
            return try SecretSource.file(file)
        } catch {
            throw FleetError(.configuration, "auth: secretFile \(file): \(error.message)", hint: error.hint)
        }
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
