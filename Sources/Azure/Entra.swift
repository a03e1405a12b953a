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

    /// Where `tenant`'s tokens are had; client assertions name it as their audience.
    func tokenEndpoint(_ tenant: String) -> String {
        "\(cloud.authorityHost)/\(URLText.segment(tenant))/oauth2/v2.0/token"
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

    /// Signs in with a client assertion: a JSON Web Token that proves who the client is (RFC 7523, section 2.2).
    ///
    /// - Throws: ``AzureError/Code/signIn`` where Entra does not accept it.
    public func token(
        tenant: String, client: String, assertion: borrowing Secret, audience: String
    ) async throws(AzureError) -> AccessToken {
        var form = Self.form(client, audience)
        form.append("&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer")
        form.append("&client_assertion=")
        form.appendFormEncoded(assertion)
        let call = call(tenant, form, "sign in as \(client) in tenant \(tenant)")
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
        var form = Self.form(client, audience)
        form.append("&client_secret=")
        form.appendFormEncoded(secret)
        return call(tenant, form, what)
    }

    private func call(_ tenant: String, _ form: consuming SecretBuffer, _ what: String) -> ServiceCall {
        ServiceCall(
            .entra, what, .post, tokenEndpoint(tenant), audience: nil, body: form,
            contentType: "application/x-www-form-urlencoded")
    }

    /// The form of the client-credentials grant, without what proves who the client is.
    private static func form(_ client: String, _ audience: String) -> SecretBuffer {
        var form = SecretBuffer(capacity: 512)
        form.append("grant_type=client_credentials&client_id=")
        form.appendFormEncoded(client)
        form.append("&scope=")
        form.appendFormEncoded(audience.withoutTrailingSlash + "/.default")
        return form
    }

    private struct Answer: Decodable {
        let expiresIn: Double

        enum CodingKeys: String, CodingKey { case expiresIn = "expires_in" }
    }

    private static func read(
        _ response: consuming HTTPResponse, _ call: ServiceCall
    ) throws(AzureError) -> AccessToken {
        let token = try call.cut(["access_token"], from: &response.body)
        let answer: Answer = try call.decode(response.body.bytes)
        return AccessToken(secret: token, expiresAt: Date() + answer.expiresIn)
    }
}
