public import SecretMemory
public import SinkCore

/// One line from a plugin, as the host understands it.
///
/// What its `result` should be depends on what was asked: the accessors read it as the result of one call
/// each, and throw ``SinkError/Code/broken`` where it is none.
public struct Answer: Sendable {
    /// The request that it answers; `nil` where the plugin could not read the request's id.
    public let id: RequestID?
    /// The plugin's error, where it did not do what it was asked.
    public let failure: RPCError?

    private let result: JSONValue
    private let base64: SharedSecret?

    /// Reads a line; `nil` where it is no JSON-RPC answer.
    ///
    /// The secret of a `get` goes from the line's memory
    /// into one of its own, and nowhere else.
    public init?(_ line: inout SecretBuffer) {
        do {
            base64 = SharedSecret(try line.cutJSONString(at: ["result", "secret", "base64"]))
        } catch .missing {
            base64 = nil
        } catch {
            return nil
        }
        guard let envelope = line.decodeJSON(Envelope.self) else { return nil }
        id = envelope.id
        failure = envelope.error
        result = envelope.result
    }

    private struct Envelope: Decodable {
        var id: RequestID?
        var result: JSONValue
        var error: RPCError?

        private enum CodingKeys: String, CodingKey { case jsonrpc, id, result, error }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            id = try container.decodeIfPresent(RequestID.self, forKey: .id)
            error = try container.decodeIfPresent(RPCError.self, forKey: .error)
            result = try container.decodeIfPresent(JSONValue.self, forKey: .result) ?? .null
            // `null` is a result like any other to JSON-RPC: the member counts, not its value.
            guard try container.decode(String.self, forKey: .jsonrpc) == "2.0",
                container.contains(.result) != (error != nil) || (result == .null && error != nil)
            else {
                throw DecodingError.valueNotFound(RequestID.self, .init(codingPath: [], debugDescription: ""))
            }
        }
    }
}

extension Answer {
    /// The result of `initialize`.
    public func welcome() throws(SinkError) -> Reply.Welcome {
        try read(Reply.Welcome.self, of: "initialize")
    }

    /// The result of `put`.
    public func storedVersion() throws(SinkError) -> String? {
        try read(Stored.self, of: "put").version
    }

    /// The result of `get`.
    public func storedSecret() throws(SinkError) -> StoredSecret {
        let stored = try read(Stored.self, of: "get")
        guard let base64, let secret = Self.decode(base64.secret) else {
            throw SinkError(.broken, "the answer to get has no secret in base64 with padding")
        }
        return StoredSecret(secret: secret, metadata: stored.metadata, version: stored.version)
    }

    /// The result of `list`.
    public func entries() throws(SinkError) -> [SinkEntry] {
        try read(Listing.self, of: "list").entries.map {
            SinkEntry(name: $0.name, version: $0.version, metadata: $0.metadata)
        }
    }

    private struct Stored: Decodable {
        var version: String?
        var metadata: Metadata?
    }

    private static func decode(_ base64: borrowing Secret) -> Secret? {
        Secret(base64: base64.bytes)
    }

    private func read<Value: Decodable>(_ type: Value.Type, of method: String) throws(SinkError) -> Value {
        guard let value = result.decoded(as: type) else {
            throw SinkError(.broken, "the answer to \(method) does not have the members that it must have")
        }
        return value
    }
}
