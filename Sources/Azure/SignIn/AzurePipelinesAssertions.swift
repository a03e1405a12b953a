internal import FoundationEssentials
public import HTTP
public import SecretMemory

/// Assertions that Azure Pipelines makes for a service connection of a job.
///
/// Source: azure-identity's `AzurePipelinesCredential`, and the Azure DevOps REST API's "Oidctoken - Create".
public struct AzurePipelinesAssertions: AssertionSource {
    private let url: String?
    private let connection: String?
    private let token: SharedSecret?
    private let transport: Transport

    /// The service connection as the job's environment names it.
    ///
    /// - Parameters:
    ///   - url: `SYSTEM_OIDCREQUESTURI`.
    ///   - connection: `AZURESUBSCRIPTION_SERVICE_CONNECTION_ID`, the service connection's id.
    ///   - token: `SYSTEM_ACCESSTOKEN`, which a job has to be given.
    public init(url: String?, connection: String?, token: SharedSecret?, client: HTTPClient) {
        self.url = url
        self.connection = connection
        self.token = token
        transport = Transport(client: client, tokens: nil)
    }

    /// The service connection's token for Entra.
    ///
    /// - Throws: ``AzureError/Code/signIn`` where this is no job, or one that was not given what it takes.
    public func assertion(
        of client: String, to tokenEndpoint: String
    ) async throws(AzureError) -> SharedSecret {
        guard let url else {
            throw missing("SYSTEM_OIDCREQUESTURI", "run this in a job of Azure Pipelines")
        }
        guard let token else {
            throw missing(
                "SYSTEM_ACCESSTOKEN", "give it to the step: `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`")
        }
        guard let connection else {
            throw missing(
                "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
                "run this in the task AzureCLI@2, or set the variable to the service connection's id")
        }
        let query = "?api-version=7.1&serviceConnectionId=\(URLText.segment(connection))"
        var call = ServiceCall(
            .azurePipelines, "get the token of service connection \(connection)", .post,
            url.withoutTrailingSlash + query, audience: nil)
        call.request.bearerToken = token
        call.request.contentType = "application/json"
        // Without it, a token that has expired is answered with the way to a page for people.
        call.request.headers.append(HTTPField(name: "X-TFS-FedAuthRedirect", value: "Suppress"))
        return try Self.read(try await transport.send(call), call)
    }

    private func missing(_ variable: String, _ hint: String) -> AzureError {
        AzureError(.signIn, "Azure Pipelines: \(variable) is not set", hint: hint)
    }

    private static func read(
        _ response: consuming HTTPResponse, _ call: ServiceCall
    ) throws(AzureError) -> SharedSecret {
        try call.cut(["oidcToken"], from: &response.body)
    }
}
