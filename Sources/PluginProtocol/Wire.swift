/// The numbers of the plugin protocol; `docs/plugin-protocol.md` is its text.
public enum Wire {
    /// The version that this code speaks.
    public static let version = 1

    /// How long a message may be, in bytes, without the `\n` that ends it.
    public static let maximumMessageBytes = 1 << 20
}

/// Who speaks: a host or a plugin, by its name and version.
public struct Peer: Sendable, Codable, Equatable {
    /// Its name, such as `credferry` or `pass`.
    public let name: String
    /// Its version, as a text.
    public let version: String

    /// Names a speaker.
    public init(name: String, version: String) {
        self.name = name
        self.version = version
    }
}

/// What ties an answer to its request (JSON-RPC 2.0, section 4).
///
/// credferry sends whole numbers; a plugin accepts strings too and sends back what it got.
public enum RequestID: Sendable, Hashable, Codable {
    /// A number.
    case number(Int)
    /// A string.
    case string(String)

    /// Reads a number or a string; fractions and `null` are no ids.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int.self) {
            self = .number(number)
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    /// Writes the number or the string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let number): try container.encode(number)
        case .string(let string): try container.encode(string)
        }
    }
}
