internal import FoundationEssentials
public import HTTP
public import SecretMemory

/// Assertions that GitHub makes for a job of its Actions.
///
/// Source: GitHub's "OpenID Connect reference", on requesting the token by the environment's variables.
public struct GitHubAssertions: AssertionSource {
    private let url: String?
    private let token: SharedSecret?
    private let transport: Transport

    /// GitHub as the job's environment names it.
    ///
    /// - Parameters:
    ///   - url: `ACTIONS_ID_TOKEN_REQUEST_URL`.
    ///   - token: `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    public init(url: String?, token: SharedSecret?, client: HTTPClient) {
        self.url = url
        self.token = token
        transport = Transport(client: client, tokens: nil)
    }

    /// The job's token for Entra.
    ///
    /// - Throws: ``AzureError/Code/signIn`` where this is no job, or one that may not have a token.
    public func assertion(
        of client: String, to tokenEndpoint: String
    ) async throws(AzureError) -> SharedSecret {
        guard let url, let token else {
            throw AzureError(
                .signIn,
                "GitHub: ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set",
                hint: "run this in a job of GitHub Actions with `permissions: id-token: write`")
        }
        let audience = "audience=" + URLText.segment(Self.audience)
        var call = ServiceCall(
            .gitHub, "get the job's token", .get, url + (url.contains("?") ? "&" : "?") + audience,
            audience: nil)
        call.request.bearerToken = token
        return try Self.read(try await transport.send(call), call)
    }

    /// Whom Entra wants to see named by whoever vouches for an application.
    static let audience = "api://AzureADTokenExchange"

    private static func read(
        _ response: consuming HTTPResponse, _ call: ServiceCall
    ) throws(AzureError) -> SharedSecret {
        try call.cut(["value"], from: &response.body)
    }
}
