public import Azure
internal import FoundationEssentials
public import SecretMemory
public import SinkCore

/// A sink that is an Azure Key Vault: each put is a new version of the secret.
public struct KeyVaultSink: Sink {
    private let vault: KeyVault

    /// What the vault is told that the secret is.
    public static let contentType = "application/x-credferry"
    /// The most that Key Vault keeps, in bytes (Microsoft's "About Azure Key Vault secrets").
    static let maximumSize = 25 << 10

    /// The sink that stores in `vault`.
    public init(_ vault: KeyVault) {
        self.vault = vault
    }

    /// It stores and gives back.
    public var capabilities: Set<SinkCapability> { [.put, .get] }

    /// Key Vault's names have 1 to 127 letters, digits and dashes.
    public func check(name: String) throws(SinkError) {
        let isPlain = name.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        guard isPlain, 1...127 ~= name.utf8.count else {
            throw SinkError(
                .refused, "Key Vault cannot hold the name \(name)",
                hint: "use 1 to 127 letters, digits and dashes")
        }
    }

    /// Reads the name; a newest version that is disabled is in nobody's way.
    public func probe(_ name: String) async throws(SinkError) {
        do throws(AzureError) {
            _ = try await vault.get(name)
        } catch {
            guard error.code == .notFound || error.innerCode == "SecretDisabled" else {
                throw SinkError(error)
            }
        }
    }

    /// Stores a new version, with the expiry and the tags that the contract names.
    public func put(
        _ secret: borrowing Secret, as name: String, metadata: Metadata
    ) async throws(SinkError) -> String? {
        try check(name: name)
        guard secret.count <= Self.maximumSize else {
            throw SinkError(
                .refused, "Key Vault holds at most 25 KiB, and the secret has \(secret.count) bytes")
        }
        guard secret.isUTF8 else {
            throw SinkError(.refused, "Key Vault holds text, and the secret is not UTF-8")
        }
        do throws(AzureError) {
            return try await vault.set(
                name, to: secret, contentType: Self.contentType, tags: Self.tags(metadata),
                expires: metadata.notAfter)
        } catch {
            throw SinkError(error)
        }
    }

    /// Reads the newest version.
    public func get(_ name: String) async throws(SinkError) -> StoredSecret {
        try check(name: name)
        let item: KeyVault.Item
        do throws(AzureError) {
            item = try await vault.get(name)
        } catch {
            throw SinkError(error)
        }
        return StoredSecret(
            secret: item.secret.secret.clone(), metadata: Self.metadata(item), version: item.version)
    }

    private static func tags(_ metadata: Metadata) -> [String: String] {
        var tags = [
            "appId": metadata.appId, "tenant": metadata.tenant, "keyId": metadata.keyId,
            "cluster": metadata.cluster, "credential": metadata.credential,
        ]
        tags["clientAppId"] = metadata.clientAppId
        return tags
    }

    /// What the tags say; `nil` where others wrote the version.
    private static func metadata(_ item: KeyVault.Item) -> Metadata? {
        guard let appId = item.tags["appId"], let tenant = item.tags["tenant"],
            let keyId = item.tags["keyId"],
            let cluster = item.tags["cluster"], let credential = item.tags["credential"],
            let notAfter = item.expires
        else { return nil }
        return Metadata(
            appId: appId, tenant: tenant, keyId: keyId, cluster: cluster, credential: credential,
            notAfter: notAfter, clientAppId: item.tags["clientAppId"])
    }
}

extension SinkError {
    /// An error of Key Vault's, as sinks tell failures apart.
    init(_ error: AzureError) {
        let code: Code =
            switch error.code {
            case .notFound, .notKnownYet: .notFound
            case .forbidden, .signIn, .notOffered, .secretRefused: .forbidden
            case .unreachable, .answerLost, .unavailable, .throttled, .conflict, .cancelled: .unavailable
            case .malformed: .broken
            case .refused, .badCharacters, .stopped: .refused
            }
        self.init(code, error.message, hint: error.hint)
    }
}
