public import SecretMemory
public import SinkCore

/// What a plugin answers.
public enum Reply: Sendable {
    /// To `initialize`.
    case initialized(Welcome)
    /// To `put`: the store's own name for what was written, where it has one.
    case stored(version: String?)
    /// To `get`.
    case secret(SharedSecret, metadata: Metadata?, version: String?)
    /// To `list`.
    case entries([SinkEntry])
    /// To `delete` and `shutdown`.
    case done
    /// To any call: it did not work.
    case failure(RPCError)

    /// The result of `initialize`.
    public struct Welcome: Sendable, Codable, Equatable {
        /// The version of the protocol that is spoken from here on.
        public var version: Int
        /// The plugin.
        public var plugin: Peer
        /// What it can do.
        public var can: Set<SinkCapability>

        private enum CodingKeys: String, CodingKey {
            case version = "protocol"
            case plugin, can
        }

        /// Introduces `plugin`.
        public init(plugin: Peer, can: Set<SinkCapability>, version: Int = Wire.version) {
            self.version = version
            self.plugin = plugin
            self.can = can
        }

        /// Reads a result; capabilities that this version does not know are passed over.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            version = try container.decode(Int.self, forKey: .version)
            plugin = try container.decode(Peer.self, forKey: .plugin)
            can = Set(try container.decode([String].self, forKey: .can).compactMap(SinkCapability.init))
        }

        /// Writes a result, the capabilities in a steady order.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(version, forKey: .version)
            try container.encode(plugin, forKey: .plugin)
            try container.encode(SinkCapability.allCases.filter(can.contains), forKey: .can)
        }
    }
}

extension Reply {
    /// The line that answers the request `id`, its `\n` included; `nil` where it would be too long.
    ///
    /// An error about a line in which no id could be read carries `null` for it.
    public func line(id: RequestID?) -> SharedSecret? {
        var buffer = SecretBuffer(capacity: 1024)
        buffer.append("{\"jsonrpc\":\"2.0\",\"id\":")
        if let id { buffer.appendJSON(id) } else { buffer.append("null") }
        if case .failure(let error) = self {
            buffer.append(",\"error\":")
            buffer.appendJSON(error)
        } else {
            buffer.append(",\"result\":")
            appendResult(to: &buffer)
        }
        buffer.append("}")
        return buffer.endLine()
    }

    private func appendResult(to buffer: inout SecretBuffer) {
        switch self {
        case .initialized(let welcome): buffer.appendJSON(welcome)
        case .stored(let version): buffer.appendJSON(["version": version])
        case .secret(let secret, let metadata, let version):
            buffer.append("{\"secret\":{\"base64\":\"")
            buffer.appendBase64(secret.secret)
            buffer.append("\"},\"metadata\":")
            buffer.appendJSON(metadata)
            buffer.append(",\"version\":")
            buffer.appendJSON(version)
            buffer.append("}")
        case .entries(let entries): buffer.appendJSON(Listing(entries: entries.map(Listing.Entry.init)))
        case .done, .failure: buffer.append("{}")
        }
    }
}

/// The result of `list`.
struct Listing: Codable {
    struct Entry: Codable {
        var name: String
        var version: String?
        var metadata: Metadata?

        init(_ entry: SinkEntry) {
            name = entry.name
            version = entry.version
            metadata = entry.metadata
        }
    }
    var entries: [Entry]
}
