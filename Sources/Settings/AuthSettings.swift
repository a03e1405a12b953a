/// How credferry itself signs in.
///
/// No secret is in here, only where one is found.
public struct AuthSettings: Sendable, Equatable {
    /// The ways of signing in.
    public enum Method: String, Sendable, Hashable, CaseIterable {
        /// The first of the others that the surroundings offer.
        case auto
        /// An application's secret, from a file or an environment variable.
        case clientSecret = "client-secret"
        /// An application's certificate.
        case clientCertificate = "client-certificate"
        /// A Kubernetes service account that Entra trusts.
        case workloadIdentity = "workload-identity"
        /// The identity of the machine that this runs on.
        case managedIdentity = "managed-identity"
        /// Whoever `az login` signed in.
        case azureCLI = "azure-cli"
        /// The token of a GitHub Actions job.
        case githubOIDC = "github-oidc"
        /// The service connection of an Azure Pipelines job.
        case azurePipelines = "azure-pipelines"
    }

    /// The way of signing in.
    public let method: Method
    /// The tenant: its id, or one of its domains.
    public let tenant: String?
    /// The application's id.
    public let client: String?
    /// The file that holds the application's secret: an absolute path.
    public let secretFile: String?
    /// The environment variable that holds the application's secret.
    public let secretEnvironment: String?
    /// The file that holds the certificate and its key, PEM or PKCS#12: an absolute path.
    public let certificateFile: String?
    /// The file that holds the certificate's password: an absolute path.
    public let certificatePasswordFile: String?

    /// Describes a way of signing in; the combination is not checked.
    public init(
        method: Method = .auto, tenant: String? = nil, client: String? = nil, secretFile: String? = nil,
        secretEnvironment: String? = nil, certificateFile: String? = nil,
        certificatePasswordFile: String? = nil
    ) {
        self.method = method
        self.tenant = tenant
        self.client = client
        self.secretFile = secretFile
        self.secretEnvironment = secretEnvironment
        self.certificateFile = certificateFile
        self.certificatePasswordFile = certificatePasswordFile
    }
}
