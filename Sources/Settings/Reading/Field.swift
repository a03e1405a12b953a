internal import Yams

/// A value of the configuration's file, before anybody knows whether it is a good one.
struct Field {
    let node: Node
    /// What leads to it, for messages: `clusters[0].policy.overlap`.
    let path: String
    let position: Position

    /// What it is called in messages.
    var name: String { path.isEmpty ? "the file" : "`\(path)`" }

    /// What kind of value it is, for messages.
    ///
    /// It shows the text as the file has it: what an environment variable holds may be secret.
    var description: String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        case .scalar(let scalar):
            switch plainType {
            case .null: "nothing"
            case .boolean: "`\(scalar.string)`"
            case .number: "the number \(scalar.string)"
            case .text: "`\(scalar.string.prefix(60))\(scalar.string.count > 60 ? "…" : "")`"
            }
        }
    }

    /// A scalar's text as the file has it, whether it is one without quotes or tag, and its tag; `nil` for a
    /// mapping or list.
    var scalar: (text: String, isPlain: Bool, tag: String)? {
        guard case .scalar(let scalar) = node else { return nil }
        let tag = scalar.tag.description
        return (scalar.string, scalar.style == .plain && tag.isEmpty, tag)
    }

    /// The types of scalars that the configuration tells apart.
    enum PlainType {
        case null
        case boolean
        case number
        case text
    }

    /// What a scalar is by YAML's core schema (YAML 1.2.2, section 10.3.2).
    ///
    /// That schema knows no `yes`, `on` or `0777`; only what is written without quotes has a type.
    var plainType: PlainType {
        guard let scalar, scalar.isPlain else { return .text }
        switch scalar.text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "false", "False", "FALSE": return .boolean
        default: return Self.isNumber(scalar.text) ? .number : .text
        }
    }

    private static func isNumber(_ text: String) -> Bool {
        if integer(text) != nil { return true }
        let unsigned = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
        // `Double` reads more than YAML does: `inf`, `nan` and hexadecimal floats, which all have a letter
        // where YAML has none.
        guard let first = unsigned.first, first.isASCII, first.isNumber || first == ".",
            !unsigned.hasPrefix("0x")
        else { return false }
        return Double(unsigned) != nil
    }

    /// The whole number that a scalar stands for: decimal, or `0x…` or `0o…`.
    static func integer(_ text: String) -> Int? {
        if text.hasPrefix("0x") { return Int(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0o") { return Int(text.dropFirst(2), radix: 8) }
        return Int(text)
    }
}
