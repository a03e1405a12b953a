public import PluginProtocol
public import SinkCore

/// The options that the configuration gives to a plugin.
///
/// Each accessor throws ``SinkError/Code/refused`` with the option's name where a value is not of its type,
/// which the operator gets to see.
public struct PluginOptions: Sendable {
    /// The options, by their names.
    public let values: [String: JSONValue]

    /// Takes over the members of an object.
    public init(_ values: [String: JSONValue]) {
        self.values = values
    }

    /// The text of the option `name`; `nil` where it is not given.
    public func string(_ name: String) throws(SinkError) -> String? {
        switch values[name] {
        case nil, .null: return nil
        case .string(let text): return text
        default: throw SinkError(.refused, "the option \"\(name)\" is not a text")
        }
    }

    /// Whether the option `name` is `true`; `nil` where it is not given.
    public func bool(_ name: String) throws(SinkError) -> Bool? {
        switch values[name] {
        case nil, .null: return nil
        case .bool(let value): return value
        default: throw SinkError(.refused, "the option \"\(name)\" is neither true nor false")
        }
    }

    /// Refuses options of other names than these: a misspelt one must not be passed over.
    public func allowOnly(_ names: String...) throws(SinkError) {
        guard let unknown = values.keys.sorted().first(where: { !names.contains($0) }) else { return }
        let known = names.isEmpty ? "there are none" : "there are: \(names.joined(separator: ", "))"
        throw SinkError(
            .refused, "there is no option \"\(SafeText.line(unknown, limit: 40))\"", hint: known)
    }
}
