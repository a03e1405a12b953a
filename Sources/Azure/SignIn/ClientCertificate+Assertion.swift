internal import FoundationEssentials
public import SecretMemory

extension ClientCertificate: AssertionSource {
    /// How long an assertion is valid, in seconds: what Microsoft recommends at most.
    static let lifetime = 600

    /// An assertion that is signed with the certificate's key.
    ///
    /// Source: Microsoft's "Microsoft identity platform application authentication certificate credentials".
    public func assertion(of client: String, to tokenEndpoint: String) throws(AzureError) -> SharedSecret {
        try assertion(of: client, to: tokenEndpoint, at: Date(), id: UUID())
    }

    func assertion(
        of client: String, to tokenEndpoint: String, at now: Date, id: UUID
    ) throws(AzureError) -> SharedSecret {
        let moment = Int(now.timeIntervalSince1970)
        var header = SecretBuffer()
        header.append("{\"alg\":\"PS256\",\"typ\":\"JWT\",\"x5t#S256\":\"\(thumbprint)\"}")
        var claims = SecretBuffer()
        claims.append("{\"aud\":")
        claims.appendJSONString(tokenEndpoint)
        claims.append(",\"iss\":")
        claims.appendJSONString(client)
        claims.append(",\"sub\":")
        claims.appendJSONString(client)
        claims.append(",\"jti\":\"\(id.uuidString.lowercased())\"")
        claims.append(",\"nbf\":\(moment),\"iat\":\(moment),\"exp\":\(moment + Self.lifetime)}")
        var token = SecretBuffer(capacity: 2_048)
        token.appendBase64URL(header.bytes)
        token.append(".")
        token.appendBase64URL(claims.bytes)
        guard let signature = sign(token) else {
            throw AzureError(.signIn, "Entra: cannot sign in as \(client): OpenSSL cannot sign with the key")
        }
        token.append(".")
        token.appendBase64URL(signature.bytes)
        return SharedSecret(token.finish())
    }
}
