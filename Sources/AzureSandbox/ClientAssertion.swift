internal import FoundationEssentials

/// What a client shows instead of a secret: a JSON Web Token that somebody has signed (RFC 7523).
struct ClientAssertion: Sendable {
    private let header: JSON
    private let claims: JSON
    private let signed: [UInt8]
    private let signature: [UInt8]

    /// How far clocks may differ, in seconds.
    private static let skew: Double = 300

    /// Takes a token apart; `nil` where it is none.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]).flatMap(JSON.parse),
            let claims = Base64URL.decode(parts[1]).flatMap(JSON.parse), header.members != nil,
            claims.members != nil, let signature = Base64URL.decode(parts[2])
        else { return nil }
        self.header = header
        self.claims = claims
        self.signature = signature
        signed = Array("\(parts[0]).\(parts[1])".utf8)
    }

    var issuer: String? { claims["iss"]?.text }
    var subject: String? { claims["sub"]?.text }

    /// The audience; a list of one counts as well (RFC 7519, section 4.1.3).
    var audience: String? { claims["aud"]?.text ?? claims["aud"]?.elements?.first?.text }

    /// From when until when it is valid; `nil` where it does not say until when.
    var validity: (start: Date, end: Date)? {
        guard let end = claims["exp"]?.decimal else { return nil }
        let start = claims["nbf"]?.decimal ?? claims["iat"]?.decimal ?? 0
        return (Date(timeIntervalSince1970: start), Date(timeIntervalSince1970: end))
    }

    /// Whether it is valid at a moment, give or take what clocks may differ.
    func isValid(at now: Date) -> Bool {
        guard let validity else { return false }
        return validity.start - Self.skew <= now && now < validity.end + Self.skew
    }

    /// Whether its header names this certificate: by SHA-256 (`x5t#S256`) or by SHA-1 (`x5t`).
    func names(_ certificate: SigningKey) -> Bool {
        // MSAL writes them with the padding that RFC 7515 leaves out, and Entra takes it.
        func name(_ parameter: String) -> String? {
            header[parameter]?.text.map { String($0.prefix { $0 != "=" }) }
        }
        if let name = name("x5t#S256") { return name == certificate.sha256 }
        return name("x5t") == certificate.sha1
    }

    /// Whether it was signed with this key, by one of the algorithms that Entra takes.
    func isSigned(with key: SigningKey) -> Bool {
        switch header["alg"]?.text {
        case "PS256": key.verify(signature, of: signed, isPSS: true)
        case "RS256": key.verify(signature, of: signed, isPSS: false)
        default: false
        }
    }
}

/// Somebody outside of Entra whom an application trusts to vouch for it: a federated identity credential.
struct Federation: Sendable {
    let appId: String
    let issuer: String
    let subject: String
    let audience: String
    /// The issuer's key; Entra would fetch it, the sandbox is told.
    let key: SigningKey
}
