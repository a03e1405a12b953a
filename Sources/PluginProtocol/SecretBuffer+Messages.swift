internal import FoundationEssentials
internal import SecretMemory

extension SecretBuffer {
    /// Appends a value that holds no secret, as JSON in one line.
    mutating func appendJSON(_ value: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            try encoder.encode(value).withUnsafeBytes { append($0) }
        } catch {
            // What goes over the wire is made of strings, whole numbers and finite numbers: a configuration
            // cannot hold another, and JSON has no way to write one.
            preconditionFailure("a value that JSON cannot hold")
        }
    }

    /// Ends a message; `nil` where it is longer than a message may be.
    consuming func endLine() -> SharedSecret? {
        guard count <= Wire.maximumMessageBytes else { return nil }
        append(UInt8(ascii: "\n"))
        return SharedSecret(finish())
    }

    /// What this message says, once no secret is in it any more; `nil` where it is not that.
    borrowing func decodeJSON<Value: Decodable>(_ type: Value.Type) -> Value? {
        let data = withUnsafeBytes { Data($0) }
        return try? JSONDecoder().decode(type, from: data)
    }
}

extension JSONValue {
    /// This JSON as another type; `nil` where it does not fit.
    func decoded<Value: Decodable>(as type: Value.Type) -> Value? {
        guard let data = try? JSONEncoder().encode(self) else { return nil }
        return try? JSONDecoder().decode(type, from: data)
    }
}
