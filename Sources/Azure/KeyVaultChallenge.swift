internal import HTTP

/// What a vault answers to a request without a token: whom its tokens are to be for, and who gives them out.
///
/// Source: Microsoft's "Authentication, requests and responses" of Key Vault, and "Verify challenge resource"
/// (aka.ms/azsdk/blog/vault-uri): a host that only poses as a vault could name another service, and would be given a
/// token for that one.
struct KeyVaultChallenge: Sendable, Equatable {
    /// The tenant's address at the authority.
    let authorization: String
    /// Whom tokens are for; `resource`, or `scope` without its `/.default`.
    let resource: String

    /// Reads `Bearer authorization="…", resource="…"`; `nil` where it is something else.
    init?(_ header: String) {
        guard let blank = header.firstIndex(of: " "), header[..<blank].lowercased() == "bearer" else {
            return nil
        }
        var parameters: [String: String] = [:]
        for part in header[blank...].split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map { $0.trimmingBlanks }
            guard pair.count == 2 else { return nil }
            let value = pair[1].hasPrefix("\"") && pair[1].hasSuffix("\"") && pair[1].count > 1
            parameters[pair[0].lowercased()] = value ? String(pair[1].dropFirst().dropLast()) : pair[1]
        }
        guard let authorization = parameters["authorization"] ?? parameters["authorization_uri"],
            let resource = parameters["resource"] ?? parameters["scope"]
        else { return nil }
        self.authorization = authorization
        self.resource =
            resource.hasSuffix("/.default")
            ? String(resource.dropLast("/.default".count)) : resource.withoutTrailingSlash
    }

    /// Why the vault at `url` is to get no token; `nil` where nothing is against it.
    func objection(_ url: String, _ cloud: Cloud) -> String? {
        let isOwn = resource.lowercased() == cloud.keyVaultAudience.withoutTrailingSlash.lowercased()
        guard isOwn || Self.isBelow(url, resource) else {
            return "it asks for a token for \(Self.shown(resource)), which it is no part of"
        }
        let authorities = [cloud.authorityHost] + (Self.aliases[cloud.authorityHost] ?? [])
        guard authorities.contains(where: { Self.isAt(authorization, $0) }) else {
            return "it sends to \(Self.shown(authorization)) for tokens, which is not this cloud's authority"
        }
        return nil
    }

    /// Other names of Microsoft's authorities, by the instance metadata that they publish.
    private static let aliases = [
        "https://login.microsoftonline.com": [
            "https://login.windows.net", "https://login.microsoft.com", "https://sts.windows.net",
        ],
        "https://login.microsoftonline.us": ["https://login.usgovcloudapi.net"],
        "https://login.chinacloudapi.cn": ["https://login.partner.microsoftonline.cn"],
    ]

    /// Whether the host of `url` is below that of `resource`, ports aside.
    private static func isBelow(_ url: String, _ resource: String) -> Bool {
        guard let own = host(url), let other = host(resource) else { return false }
        return own.hasSuffix("." + other)
    }

    private static func host(_ url: String) -> String? {
        guard let authority = URLText.authority(url) else { return nil }
        return authority.split(separator: ":").first.map(String.init)
    }

    private static func isAt(_ url: String, _ endpoint: String) -> Bool {
        guard let authority = URLText.authority(url) else { return false }
        return authority == URLText.authority(endpoint)
    }

    /// What a stranger wrote, fit for a message.
    private static func shown(_ text: String) -> String {
        String(text.unicodeScalars.prefix(120).map { 0x21..<0x7F ~= $0.value ? Character($0) : "?" })
    }
}

extension Substring {
    fileprivate var trimmingBlanks: String {
        let start = drop { $0 == " " }
        return String(start.reversed().drop { $0 == " " }.reversed())
    }
}

/// Asks a vault once whom its tokens are to be for, before it gets the first.
actor KeyVaultGate {
    private let url: String
    private let cloud: Cloud
    private let transport: Transport
    private var asking: Task<Void, any Error>?

    /// The gate of the vault at `url`.
    init(_ url: String, _ cloud: Cloud, client: HTTPClient) {
        self.url = url
        self.cloud = cloud
        transport = Transport(client: client, tokens: nil)
    }

    /// Returns once the vault may be given tokens.
    ///
    /// - Throws: ``AzureError/Code/refused`` where it names what it is no part of.
    func pass() async throws(AzureError) {
        let task = asking ?? Task { [url, cloud, transport] in try await Self.ask(url, cloud, transport) }
        asking = task
        do {
            try await task.value
        } catch {
            if asking == task { asking = nil }
            throw error as? AzureError ?? AzureError(.cancelled, "Key Vault: gave up asking \(url)")
        }
    }

    private static func ask(_ url: String, _ cloud: Cloud, _ transport: Transport) async throws(AzureError) {
        let call = ServiceCall(
            .keyVault, "ask \(url) whom its tokens are for", .get,
            "\(url)/secrets?api-version=\(KeyVault.apiVersion)&maxresults=1", audience: nil)
        let answer = try await transport.send(call, accepting: 401)
        guard answer.status == 401 else { throw call.malformed("it answers without a token") }
        guard let header = answer.headers.first("WWW-Authenticate"), let challenge = KeyVaultChallenge(header)
        else { throw call.malformed("it does not say whom its tokens are for") }
        if let objection = challenge.objection(url, cloud) {
            throw AzureError(
                .refused, "Key Vault: \(url) gets no token: \(objection)",
                hint: "check the vault's address, and who answers at it")
        }
    }
}
