public import FoundationEssentials

/// What a sink stores beside a secret; none of it is secret.
public struct Metadata: Sendable, Equatable {
    /// The identity's application id.
    public var appId: String
    /// The Entra tenant of the identity.
    public var tenant: String
    /// The credential that the secret belongs to.
    public var keyId: String
    /// The cluster's name in the configuration, or the identity's where it has no cluster.
    public var cluster: String
    /// `service-principal`, `entra-app` or `application`.
    public var credential: String
    /// When Entra stops accepting the secret.
    public var notAfter: Date
    /// The client application's id, for an `entra-app`.
    public var clientAppId: String?

    /// What is stored beside a secret.
    public init(
        appId: String, tenant: String, keyId: String, cluster: String, credential: String, notAfter: Date,
        clientAppId: String? = nil
    ) {
        self.appId = appId
        self.tenant = tenant
        self.keyId = keyId
        self.cluster = cluster
        self.credential = credential
        self.notAfter = notAfter
        self.clientAppId = clientAppId
    }
}

extension Metadata: Codable {
    private enum CodingKeys: String, CodingKey {
        case appId, tenant, keyId, cluster, credential, notAfter, clientAppId
    }

    /// Reads the form that ``encode(to:)`` writes.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        appId = try container.decode(String.self, forKey: .appId)
        tenant = try container.decode(String.self, forKey: .tenant)
        keyId = try container.decode(String.self, forKey: .keyId)
        cluster = try container.decode(String.self, forKey: .cluster)
        credential = try container.decode(String.self, forKey: .credential)
        clientAppId = try container.decodeIfPresent(String.self, forKey: .clientAppId)
        let text = try container.decode(String.self, forKey: .notAfter)
        guard let date = Timestamp.date(text) else {
            throw DecodingError.dataCorruptedError(
                forKey: .notAfter, in: container, debugDescription: "not an RFC 3339 timestamp")
        }
        notAfter = date
    }

    /// Writes the members of the plugin protocol's `metadata`, the timestamp as RFC 3339 in UTC.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(appId, forKey: .appId)
        try container.encode(tenant, forKey: .tenant)
        try container.encode(keyId, forKey: .keyId)
        try container.encode(cluster, forKey: .cluster)
        try container.encode(credential, forKey: .credential)
        try container.encode(Timestamp.text(notAfter), forKey: .notAfter)
        try container.encodeIfPresent(clientAppId, forKey: .clientAppId)
    }
}

/// Timestamps as the project writes them: RFC 3339 in UTC, whole seconds.
public enum Timestamp {
    /// `2027-05-22T10:00:00Z`.
    public static func text(_ date: Date) -> String {
        date.formatted(.iso8601)
    }

    /// The moment that an RFC 3339 timestamp names, with or without fractions of a second (Graph sends up
    /// to seven digits); `nil` where it is none.
    public static func date(_ text: String) -> Date? {
        if let date = try? Date(text, strategy: .iso8601) { return date }
        return try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
