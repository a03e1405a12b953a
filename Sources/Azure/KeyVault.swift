public import FoundationEssentials
public import HTTP
public import SecretMemory

/// The secrets of one Azure Key Vault.
public struct KeyVault: Sendable {
    private let transport: Transport
    private let gate: KeyVaultGate
    private let vault: String
    private let audience: String
    /// How long a name may be on its way into or out of the deleted ones, and how often it is looked at.
    private static let (patience, pause) = (Duration.seconds(100), Duration.seconds(1))

    /// The newest api-version that azure-keyvault-secrets 4.7 and all clouds have.
    static let apiVersion = "7.4"

    /// The vault at `url`, such as `https://ops.vault.azure.net`.
    ///
    /// Before it gets its first token it is asked whom tokens are to be for, as Microsoft's clients do.
    ///
    /// - Throws: ``AzureError/Code/refused`` where the vault is not one of the cloud's.
    public init(_ url: String, _ cloud: Cloud, client: HTTPClient, tokens: TokenCache) throws(AzureError) {
        guard URLText.isWithin(url, "https://\(cloud.keyVaultSuffix)") else {
            throw AzureError(
                .refused, "Key Vault: \(url) is not a vault of this cloud, and gets no token",
                hint: "its host must end in .\(cloud.keyVaultSuffix)")
        }
        vault = url.withoutTrailingSlash
        audience = cloud.keyVaultAudience
        gate = KeyVaultGate(vault, cloud, client: client)
        transport = Transport(client: client, tokens: tokens)
    }

    /// A secret and what is stored beside it.
    public struct Item: Sendable {
        /// The secret.
        public let secret: SharedSecret
        /// The version that was read.
        public let version: String?
        /// What kind of text it is.
        public let contentType: String?
        /// The tags.
        public let tags: [String: String]
        /// When it expires.
        public let expires: Date?
    }

    private struct Bundle: Decodable {
        struct Attributes: Decodable { let exp: Double? }

        let id: String
        let contentType: String?
        let tags: [String: String]?
        let attributes: Attributes?

        var version: String? {
            let parts = id.split(separator: "/")
            return parts.count >= 3 && parts[parts.count - 3] == "secrets" ? parts.last.map(String.init) : nil
        }
    }

    /// Stores a new version of the secret `name`.
    ///
    /// - Returns: the version.
    /// - Throws: ``AzureError``; the vault has its own limits: 25 KiB, UTF-8, 15 tags of 256 characters.
    public func set(
        _ name: String, to secret: borrowing Secret, contentType: String, tags: [String: String],
        expires: Date
    ) async throws(AzureError) -> String? {
        var body = SecretBuffer(capacity: secret.count + 1_024)
        body.append("{\"value\":")
        body.appendJSONString(secret)
        body.append(",\"contentType\":")
        body.appendJSONString(contentType)
        body.append(
            ",\"attributes\":{\"enabled\":true,\"exp\":\(Int(expires.timeIntervalSince1970))},\"tags\":{")
        for (index, tag) in tags.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { body.append(",") }
            body.appendJSONString(tag.key)
            body.append(":")
            body.appendJSONString(tag.value)
        }
        body.append("}}")
        // Sent twice, it makes two versions that are alike: no harm.
        let call = ServiceCall(
            .keyVault, "store secret \(name) in \(vault)", .put, url(name), audience: audience, body: body)
        try await gate.pass()
        return try Self.read(try await put(name, call), call).version
    }

    /// Sends `call`; a name that is deleted and can be recovered is recovered first.
    ///
    /// Source: Microsoft's "Azure Key Vault soft-delete overview": such a name cannot be reused; both deleting and
    /// recovering take a while.
    private func put(_ name: String, _ call: ServiceCall) async throws(AzureError) -> HTTPResponse {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let failure: AzureError
            do throws(AzureError) {
                return try await transport.send(call)
            } catch {
                failure = error
            }
            switch failure.innerCode {
            case "ObjectIsDeletedButRecoverable": try await recover(name)
            case "ObjectIsBeingDeleted", "ObjectIsBeingRecovered": break
            default: throw failure
            }
            guard ContinuousClock.now + Self.pause < deadline else { throw failure }
            do {
                try await Task.sleep(for: Self.pause)
            } catch {
                throw AzureError(.cancelled, "Key Vault: gave up waiting for secret \(name) in \(vault)")
            }
        }
    }

    /// Brings a deleted name back; its old versions come with it.
    private func recover(_ name: String) async throws(AzureError) {
        let call = ServiceCall(
            .keyVault, "recover the deleted secret \(name) in \(vault)", .post,
            "\(vault)/deletedsecrets/\(name)/recover?api-version=\(Self.apiVersion)", audience: audience)
        do throws(AzureError) {
            _ = try await transport.send(call)
        } catch {
            // Another hand was faster, or it is still on its way: the put says so.
            let isUnderWay = error.code == .notFound || error.code == .conflict
            guard isUnderWay || error.innerCode == "RequestNotAllowedOnNonDeletedObject" else { throw error }
        }
    }

    /// The current version of the secret `name`, or another.
    ///
    /// - Throws: ``AzureError/Code/notFound`` where there is none.
    public func get(_ name: String, version: String? = nil) async throws(AzureError) -> Item {
        let path = version.map { "\(name)/\(URLText.segment($0))" } ?? name
        let call = ServiceCall(
            .keyVault, "read secret \(name) in \(vault)", .get, url(path), audience: audience)
        try await gate.pass()
        return try Self.read(try await transport.send(call), call)
    }

    private static func read(
        _ response: consuming HTTPResponse, _ call: ServiceCall
    ) throws(AzureError) -> Item {
        let secret = try call.cut(["value"], from: &response.body)
        let bundle: Bundle = try call.decode(response.body.bytes)
        return Item(
            secret: secret, version: bundle.version, contentType: bundle.contentType,
            tags: bundle.tags ?? [:],
            expires: bundle.attributes?.exp.map { Date(timeIntervalSince1970: $0) })
    }

    private func url(_ path: String) -> String { "\(vault)/secrets/\(path)?api-version=\(Self.apiVersion)" }
}
