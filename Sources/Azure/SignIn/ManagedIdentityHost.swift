internal import HTTP
public import SecretMemory

/// Where the machine's own identity is asked for: each kind of host has a service of its own.
///
/// Source: the order and the variables are those of azure-identity's `ManagedIdentityCredential`.
public enum ManagedIdentityHost: Sendable {
    /// App Service, Functions, Container Apps and Automation.
    case appService(endpoint: String, header: SharedSecret)
    /// Service Fabric, whose service shows a certificate that no authority has signed.
    case serviceFabric
    /// A machine outside of Azure that Azure Arc manages.
    case arc(endpoint: String)
    /// Azure Machine Learning.
    case machineLearning(endpoint: String, secret: SharedSecret)
    /// Cloud Shell, whose token is that of the person who uses it.
    case cloudShell(endpoint: String)
    /// The instance metadata service of a virtual machine; `isCertain` where the environment names it.
    case virtualMachine(endpoint: String, isCertain: Bool)

    /// Tells from the environment what this host is.
    ///
    /// - Parameter secret: gives the variable of a name from where it is kept.
    public init(environment: [String: String], secret: (_ variable: String) -> SharedSecret?) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let endpoint = value("IDENTITY_ENDPOINT") {
            if value("IDENTITY_HEADER") != nil, let header = secret("IDENTITY_HEADER") {
                self =
                    value("IDENTITY_SERVER_THUMBPRINT") == nil
                    ? .appService(endpoint: endpoint, header: header) : .serviceFabric
                return
            }
            if value("IMDS_ENDPOINT") != nil {
                self = .arc(endpoint: endpoint)
                return
            }
        } else if let endpoint = value("MSI_ENDPOINT") {
            if value("MSI_SECRET") != nil, let secret = secret("MSI_SECRET") {
                self = .machineLearning(endpoint: endpoint, secret: secret)
            } else {
                self = .cloudShell(endpoint: endpoint)
            }
            return
        }
        let named = value("AZURE_POD_IDENTITY_AUTHORITY_HOST")
        self = .virtualMachine(
            endpoint: (named ?? "http://169.254.169.254").withoutTrailingSlash, isCertain: named != nil)
    }

    /// The request for a token; Arc's has to be answered with the content of a file besides.
    ///
    /// - Parameter client: the application id of a user-assigned identity; `nil` is the system-assigned one.
    func call(resource: String, client: String?) throws(AzureError) -> ServiceCall {
        switch self {
        case .appService(let endpoint, let header):
            var call = get(endpoint, version: "2019-08-01", resource, client.map { ("client_id", $0) })
            call.request.secretField = HTTPRequest.SecretField(name: "X-IDENTITY-HEADER", value: header)
            return call
        case .arc(let endpoint):
            return get(endpoint, version: "2020-06-01", resource, client.map { ("client_id", $0) })
        case .machineLearning(let endpoint, let secret):
            var call = get(endpoint, version: "2017-09-01", resource, client.map { ("clientid", $0) })
            call.request.secretField = HTTPRequest.SecretField(name: "secret", value: secret)
            return call
        case .virtualMachine(let endpoint, _):
            return get(
                endpoint + "/metadata/identity/oauth2/token", version: "2018-02-01", resource,
                client.map { ("client_id", $0) })
        case .cloudShell(let endpoint):
            var form = SecretBuffer()
            form.append("resource=")
            form.appendFormEncoded(resource)
            var call = ServiceCall(
                .managedIdentity, Self.what, .post, endpoint, audience: nil, body: form,
                contentType: "application/x-www-form-urlencoded")
            call.request.headers.append(Self.metadata)
            return call
        case .serviceFabric:
            throw AzureError(
                .notOffered, "managed identity: Service Fabric's is not supported",
                hint: "use a certificate: `method: client-certificate`")
        }
    }

    private func get(
        _ endpoint: String, version: String, _ resource: String, _ identity: (name: String, value: String)?
    ) -> ServiceCall {
        var url = endpoint + (endpoint.contains("?") ? "&" : "?") + "api-version=\(version)"
        url += "&resource=\(URLText.segment(resource))"
        if let identity { url += "&\(identity.name)=\(URLText.segment(identity.value))" }
        var call = ServiceCall(.managedIdentity, Self.what, .get, url, audience: nil)
        call.request.headers.append(Self.metadata)
        // All of them are on this machine or the one below it.
        call.request.timeout = .seconds(10)
        return call
    }

    private static let what = "get a token of this machine's identity"
    /// What no request that was smuggled in by way of a redirection or a form has.
    private static let metadata = HTTPField(name: "Metadata", value: "true")
}
