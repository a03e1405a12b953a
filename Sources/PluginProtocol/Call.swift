public import SecretMemory
public import SinkCore

/// What a host asks of a plugin.
public enum Call: Sendable {
    /// Says who the host is, and gives the plugin its options; always the first call.
    case initialize(Introduction)
    /// Stores a secret.
    case put(name: String, secret: SharedSecret, metadata: Metadata)
    /// Reads a secret.
    case get(name: String)
    /// Removes a secret.
    case delete(name: String)
    /// Lists what is stored under names that begin with `prefix`.
    case list(prefix: String)
    /// Ends the plugin.
    case shutdown

    /// The parameters of `initialize`.
    public struct Introduction: Sendable, Codable, Equatable {
        /// The versions of the protocol that the host speaks.
        public var versions: [Int]
        /// The host.
        public var host: Peer
        /// The sink's options from the configuration.
        public var options: [String: JSONValue]

        private enum CodingKeys: String, CodingKey {
            case versions = "protocol"
            case host, options
        }

        /// Introduces `host`.
        public init(host: Peer, options: [String: JSONValue], versions: [Int] = [Wire.version]) {
            self.versions = versions
            self.host = host
            self.options = options
        }

        /// Reads the parameters; a host that has no options may leave them out.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            versions = try container.decode([Int].self, forKey: .versions)
            host = try container.decode(Peer.self, forKey: .host)
            options = try container.decodeIfPresent([String: JSONValue].self, forKey: .options) ?? [:]
        }
    }

    /// The call's name on the wire.
    public var method: String {
        switch self {
        case .initialize: "initialize"
        case .put: "put"
        case .get: "get"
        case .delete: "delete"
        case .list: "list"
        case .shutdown: "shutdown"
        }
    }
}

extension Call {
    /// The line that asks for this call, its `\n` included; `nil` where it would be too long.
    public func line(id: RequestID) -> SharedSecret? {
        var buffer = SecretBuffer(capacity: 1024)
        buffer.append("{\"jsonrpc\":\"2.0\",\"id\":")
        buffer.appendJSON(id)
        buffer.append(",\"method\":\"\(method)\",\"params\":")
        appendParameters(to: &buffer)
        buffer.append("}")
        return buffer.endLine()
    }

    /// The line of the notification that gives up the request `id`.
    public static func cancelLine(id: RequestID) -> SharedSecret? {
        var buffer = SecretBuffer()
        buffer.append("{\"jsonrpc\":\"2.0\",\"method\":\"cancel\",\"params\":{\"id\":")
        buffer.appendJSON(id)
        buffer.append("}}")
        return buffer.endLine()
    }

    private func appendParameters(to buffer: inout SecretBuffer) {
        switch self {
        case .initialize(let introduction):
            buffer.appendJSON(introduction)
        case .put(let name, let secret, let metadata):
            buffer.append("{\"name\":")
            buffer.appendJSONString(name)
            buffer.append(",\"secret\":{\"base64\":\"")
            buffer.appendBase64(secret.secret)
            buffer.append("\"},\"metadata\":")
            buffer.appendJSON(metadata)
            buffer.append("}")
        case .get(let name), .delete(let name):
            buffer.appendJSON(["name": name])
        case .list(let prefix):
            buffer.appendJSON(["prefix": prefix])
        case .shutdown:
            buffer.append("{}")
        }
    }
}
