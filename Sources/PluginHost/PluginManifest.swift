internal import FoundationEssentials
public import PluginProtocol

/// What a plugin says of itself in its `plugin.json`.
public struct PluginManifest: Sendable, Equatable {
    /// Its name, which is its folder's name too.
    public let name: String
    /// Its version.
    public let version: String
    /// What it speaks.
    public let wireProtocol: WireProtocol
    /// Its executable: a file in its folder.
    public let executable: String
    /// The variables that it needs in its environment; it gets no others.
    public let environment: [String]
    /// Whether it needs the network.
    public let network: Bool
    /// Files and folders that it reads, with `${NAME}` for a variable of its environment.
    public let reads: [String]
    /// Files and folders that it writes, likewise.
    public let writes: [String]
    /// The JSON Schema of its options.
    public let optionsSchema: JSONValue

    /// The protocols that a manifest may name.
    public enum WireProtocol: String, Sendable, Codable {
        /// The one of `docs/plugin-protocol.md`.
        case credferry1 = "credferry/1"
        /// Docker's credential-helper protocol.
        case dockerCredential = "docker-credential"
    }

    /// Reads the text of a `plugin.json`; `path` is for the errors.
    ///
    /// - Throws: ``PluginError/Code/badManifest`` where a member is missing, unknown or of the wrong type.
    public init(_ text: [UInt8], path: String) throws(PluginError) {
        do {
            self = try JSONDecoder().decode(PluginManifest.self, from: Data(text))
        } catch {
            throw PluginError(
                .badManifest, "\(path): \(Self.explain(error))",
                hint: "docs/plugin-protocol.md says what a plugin.json holds")
        }
    }

    /// Whether `name` can be a plugin's: letters, digits, `-`, `_` and `.`, and no leading `-` or `.`.
    ///
    /// It becomes part of paths and log lines.
    public static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 64 else { return false }
        return first != UInt8(ascii: "-") && first != UInt8(ascii: ".") && name.utf8.allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        else { return false }
        return name.utf8.allSatisfy {
            isNameByte($0) && $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ".")
        }
    }

    private static func explain(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _):
            return "`\(key.stringValue)` is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            let place = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
            return place.isEmpty
                ? "it is no object" : "`\(place.joined(separator: " "))` is of the wrong type"
        case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
            return context.debugDescription
        default:
            return "it is not JSON"
        }
    }
}

extension PluginManifest: Decodable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case name, version, executable, environment, network, reads, writes, optionsSchema
        case wireProtocol = "protocol"
    }

    /// Any member's name, so that unknown ones are seen.
    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Reads a manifest strictly.
    public init(from decoder: any Decoder) throws {
        let all = try decoder.container(keyedBy: AnyKey.self)
        let known = Set(CodingKeys.allCases.map(\.rawValue))
        if let unknown = all.allKeys.first(where: { !known.contains($0.stringValue) }) {
            throw Self.wrong(unknown, "`\(SafeText.line(unknown.stringValue, limit: 40))` is not known here")
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        guard Self.isName(name) else {
            throw Self.wrong(CodingKeys.name, "`name` may hold letters, digits, `-`, `_` and `.` alone")
        }
        version = SafeText.line(try container.decode(String.self, forKey: .version), limit: 64)
        let spoken = SafeText.line(try container.decode(String.self, forKey: .wireProtocol), limit: 40)
        guard let wireProtocol = WireProtocol(rawValue: spoken) else {
            throw Self.wrong(
                CodingKeys.wireProtocol,
                "`protocol` is \"\(spoken)\"; it must be \"credferry/1\" or \"docker-credential\"")
        }
        self.wireProtocol = wireProtocol
        executable = try container.decode(String.self, forKey: .executable)
        guard Self.isName(executable) else {
            throw Self.wrong(
                CodingKeys.executable,
                "`executable` must be the name of a file beside plugin.json: letters, digits, `-`, `_` and `.`"
            )
        }
        environment = try container.decodeIfPresent([String].self, forKey: .environment) ?? []
        if let bad = environment.first(where: { !Self.isVariable($0) }) {
            throw Self.wrong(
                CodingKeys.environment,
                "`environment` holds \"\(SafeText.line(bad, limit: 40))\", no variable's name")
        }
        network = try container.decodeIfPresent(Bool.self, forKey: .network) ?? false
        reads = try container.decodeIfPresent([String].self, forKey: .reads) ?? []
        writes = try container.decodeIfPresent([String].self, forKey: .writes) ?? []
        optionsSchema = try container.decodeIfPresent(JSONValue.self, forKey: .optionsSchema) ?? .object([:])
    }

    private static func wrong(_ key: any CodingKey, _ what: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: [key], debugDescription: what))
    }
}
