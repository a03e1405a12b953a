internal import FoundationEssentials
public import HTTP
public import SecretMemory

/// Microsoft Entra's token endpoint.
///
/// Source: Microsoft's "OAuth 2.0 client credentials flow on the Microsoft identity platform".
public struct Entra: Sendable {
    private let cloud: Cloud
    private let transport: Transport

    /// Entra of `cloud`.
    public init(_ cloud: Cloud, client: HTTPClient) {
        self.cloud = cloud
        transport = Transport(client: client, tokens: nil)
    }

    /// Signs in with a client secret.
    ///
    /// - Throws: ``AzureError/Code/secretRefused`` where Entra does not accept the secret.
    public func token(
        tenant: String, client: String, secret: borrowing Secret, audience: String
    ) async throws(AzureError) -> AccessToken {
        let call = call(tenant, client, secret, audience, "sign in as \(client) in tenant \(tenant)")
        return try Self.read(try await transport.send(call), call)
    }

    /// Signs in once on a connection of its own, without trying again, and drops the token.
    ///
    /// A fresh connection is what makes another of Entra's replicas likely to answer.
    public func prove(
        _ secret: borrowing Secret, tenant: String, client: String
    ) async throws(AzureError) {
        var call = call(
            tenant, client, secret, cloud.resourceManagerAudience, "sign in with the new secret of \(client)")
        call.repetition = .never
        call.request.connection = .single
        call.request.timeout = .seconds(30)
        _ = try Self.read(try await transport.send(call), call)
    }

    private func call(
        _ tenant: String, _ client: String, _ secret: borrowing Secret, _ audience: String, _ what: String
    ) -> ServiceCall {
        var form = SecretBuffer(capacity: 512)
        form.append("grant_type=client_credentials&client_id=")
        form.appendFormEncoded(client)
        form.append("&scope=")
        form.appendFormEncoded(audience.withoutTrailingSlash + "/.default")
        form.append("&client_secret=")
        form.appendFormEncoded(secret)
        return ServiceCall(
            .entra, what, .post, "\(cloud.authorityHost)/\(URLText.segment(tenant))/oauth2/v2.0/token",
            audience: nil, body: form, contentType: "application/x-www-form-urlencoded")
    }

    private struct Answer: Decodable {
        let expiresIn: Double

        enum CodingKeys: String, CodingKey { case expiresIn = "expires_in" }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            // Managed identities answer with a string.
            if let seconds = try? container.decode(Double.self, forKey: .expiresIn) {
                expiresIn = seconds
            } else {
                expiresIn = Double(try container.decode(String.self, forKey: .expiresIn)) ?? 0
            }
        }
    }

    private static func read(
        _ response: consuming HTTPResponse, _ call: ServiceCall
    ) throws(AzureError) -> AccessToken {
        let token = try call.cut(["access_token"], from: &response.body)
        let answer: Answer = try call.decode(response.body.bytes)
        return AccessToken(secret: token, expiresAt: Date() + answer.expiresIn)
    }
}

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
            guard error.code == .secretRefused else { throw error }
            throw AzureError(
                .signIn, error.message,
                hint: "check `auth:` in the configuration: tenant, client and its secret",
                status: error.status, serviceCode: error.serviceCode, requestId: error.requestId)
        }
    }
}
