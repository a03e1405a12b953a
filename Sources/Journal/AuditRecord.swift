public import FoundationEssentials
internal import Rotation

/// One record of the audit chain: an effect that is about to be carried out, or what came of it.
public struct AuditRecord: Sendable, Equatable {
    /// Its place in the chain, from 1 on.
    public let number: Int
    /// When it happened, to the millisecond.
    public let at: Date
    /// Who did it; `nil` in what an earlier version of the journal kept.
    public let caller: Caller?
    /// The rotation that it belongs to, where there is one.
    public let rotation: String?
    /// The identity's application id.
    public let appId: String
    /// What: an effect such as `add`, written before it begins, or its result, such as `add done`.
    public let what: String
    /// The credential, where one is known.
    public let keyId: String?
    /// The sink, where it is about one.
    public let sink: String?
    /// The cluster, where it is about one.
    public let cluster: String?
    /// Names and reasons: one line of at most ``longestDetail`` characters, and never a secret.
    public let detail: String?
    /// The SHA-256 of the rotation's record as it is stored from here on, in hexadecimal.
    public let digest: String?

    /// How long a detail is at most; what is longer comes from somebody else's error text, and is cut.
    public static let longestDetail = 500

    init(
        _ entry: HistoryEntry, number: Int, rotation: String?, appId: String, caller: Caller?, digest: String?
    ) {
        self.number = number
        at = Date(timeIntervalSince1970: (entry.at.timeIntervalSince1970 * 1000).rounded() / 1000)
        self.caller = caller
        self.rotation = rotation
        self.appId = Self.line(appId)
        what = Self.line(entry.what)
        keyId = entry.keyId.map(Self.line)
        sink = entry.sink.map(Self.line)
        cluster = entry.cluster.map(Self.line)
        detail = entry.detail.map(Self.line)
        self.digest = digest
    }

    /// `text` on one line, and no longer than a detail may be.
    static func line(_ text: String) -> String {
        var (line, count) = ("", 0)
        for scalar in text.unicodeScalars {
            guard count < longestDetail else { return line + "…" }
            count += 1
            // C0, DEL, C1, and Unicode's own line and paragraph separators.
            switch scalar.value {
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: line.append(" ")
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}

extension AuditRecord: Codable {
    private enum CodingKeys: String, CodingKey {
        case number, at, user, host, process, rotation, appId, what, keyId, sink, cluster, detail, digest
    }

    private static let timestamp = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// Reads the form that ``encode(to:)`` writes.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        number = try container.decode(Int.self, forKey: .number)
        guard let date = try? Date(container.decode(String.self, forKey: .at), strategy: Self.timestamp)
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .at, in: container, debugDescription: "not an RFC 3339 timestamp")
        }
        at = date
        if let user = try container.decodeIfPresent(String.self, forKey: .user) {
            caller = Caller(
                user: user, host: try container.decode(String.self, forKey: .host),
                process: try container.decode(Int.self, forKey: .process))
        } else {
            caller = nil
        }
        rotation = try container.decodeIfPresent(String.self, forKey: .rotation)
        appId = try container.decode(String.self, forKey: .appId)
        what = try container.decode(String.self, forKey: .what)
        keyId = try container.decodeIfPresent(String.self, forKey: .keyId)
        sink = try container.decodeIfPresent(String.self, forKey: .sink)
        cluster = try container.decodeIfPresent(String.self, forKey: .cluster)
        detail = try container.decodeIfPresent(String.self, forKey: .detail)
        digest = try container.decodeIfPresent(String.self, forKey: .digest)
    }

    /// Writes one flat object; what there is nothing to say of is left out.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(number, forKey: .number)
        try container.encode(at.formatted(Self.timestamp), forKey: .at)
        try container.encodeIfPresent(caller?.user, forKey: .user)
        try container.encodeIfPresent(caller?.host, forKey: .host)
        try container.encodeIfPresent(caller?.process, forKey: .process)
        try container.encodeIfPresent(rotation, forKey: .rotation)
        try container.encode(appId, forKey: .appId)
        try container.encode(what, forKey: .what)
        try container.encodeIfPresent(keyId, forKey: .keyId)
        try container.encodeIfPresent(sink, forKey: .sink)
        try container.encodeIfPresent(cluster, forKey: .cluster)
        try container.encodeIfPresent(detail, forKey: .detail)
        try container.encodeIfPresent(digest, forKey: .digest)
    }
}
