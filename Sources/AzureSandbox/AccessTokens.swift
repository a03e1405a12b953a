internal import FoundationEssentials

/// Who a valid token speaks for.
struct Caller: Sendable, Equatable {
    let appId: String
    let objectId: String
}

/// Why a token is not valid.
enum TokenFault: Error, Equatable {
    case missing
    case malformed
    case signature
    case expired(at: Date)
    case audience(String)
}

/// Makes and checks access tokens: JSON Web Tokens (RFC 7519) with the claims that Entra's have.
///
/// They are signed with HS256, not with Entra's RS256, since nobody but the sandbox checks them: to clients
/// an access token is opaque.
struct AccessTokens: Sendable {
    /// How long a token is valid, in seconds: what Entra grants.
    static let lifetime = 3599

    private let key = MessageCode()

    /// Makes a token.
    func issue(to caller: Caller, audience: String, issuer: String, tenant: String, at now: Date) -> String {
        let header: JSON = ["typ": "JWT", "alg": "HS256"]
        let issued = Int(now.timeIntervalSince1970)
        let claims: JSON = [
            "aud": .string(audience), "iss": .string(issuer), "iat": .integer(issued),
            "nbf": .integer(issued), "exp": .integer(issued + Self.lifetime), "appid": .string(caller.appId),
            "appidacr": "1", "idtyp": "app", "oid": .string(caller.objectId), "sub": .string(caller.objectId),
            "tid": .string(tenant), "uti": .string(Base64URL.encode(Random.bytes(16))), "ver": "1.0",
        ]
        let text = Base64URL.encode(header.bytes) + "." + Base64URL.encode(claims.bytes)
        return text + "." + key.code(text)
    }

    /// Checks the token of a request.
    ///
    /// - Parameter audiences: what the service calls itself; a slash at the end does not matter.
    func check(_ request: WireRequest, audiences: [String], at now: Date) throws(TokenFault) -> Caller {
        guard let token = request.bearer, !token.isEmpty else { throw .missing }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let claims = Base64URL.decode(parts[1]).flatMap(JSON.parse) else {
            throw .malformed
        }
        guard key.code("\(parts[0]).\(parts[1])") == parts[2] else { throw .signature }
        guard let expiry = claims["exp"]?.whole, let audience = claims["aud"]?.text,
            let appId = claims["appid"]?.text, let objectId = claims["oid"]?.text
        else { throw .malformed }
        let end = Date(timeIntervalSince1970: Double(expiry))
        guard now < end else { throw .expired(at: end) }
        let name = audience.hasSuffix("/") ? String(audience.dropLast()) : audience
        guard audiences.contains(name) else { throw .audience(audience) }
        return Caller(appId: appId, objectId: objectId)
    }
}
