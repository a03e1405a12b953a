/// A `$filter` (OData 4.01, URL conventions, section 5.1.1), of the few forms that clients use here.
struct GraphFilter {
    private enum Condition {
        case equal(String, String)
        case startsWith(String, String)
        case oneOf(String, [String])
        case anyEqual(String, String)

        /// The property that it is about.
        var property: String {
            switch self {
            case .equal(let name, _), .startsWith(let name, _), .oneOf(let name, _), .anyEqual(let name, _):
                name
            }
        }
    }

    private var conditions: [Condition] = []

    /// Reads a filter; an empty one matches everything.
    init(_ text: String, on kind: DirectoryObject.Kind) throws(GraphError) {
        var scanner = FilterScanner(text)
        scanner.skipSpaces()
        while !scanner.isAtEnd {
            let condition = try Self.condition(&scanner)
            try GraphShape.requireProperty(condition.property, of: kind)
            conditions.append(condition)
            scanner.skipSpaces()
            guard !scanner.isAtEnd else { return }
            guard scanner.word() == "and" else { throw Self.unsupported(text) }
            scanner.skipSpaces()
        }
    }

    private static func condition(_ scanner: inout FilterScanner) throws(GraphError) -> Condition {
        let text = scanner.text
        guard let name = scanner.word() else { throw unsupported(text) }
        if name == "startswith" {
            guard scanner.take("("), let property = scanner.word(), scanner.take(","),
                let value = scanner.literal(), scanner.take(")")
            else { throw unsupported(text) }
            return .startsWith(property, value)
        }
        if scanner.take("/any(") {
            guard let variable = scanner.word(), scanner.take(":"), scanner.word() == variable,
                scanner.word() == "eq", let value = scanner.literal(), scanner.take(")")
            else { throw unsupported(text) }
            return .anyEqual(name, value)
        }
        switch scanner.word() {
        case "eq":
            guard let value = scanner.literal() else { throw unsupported(text) }
            return .equal(name, value)
        case "in":
            guard scanner.take("(") else { throw unsupported(text) }
            var values: [String] = []
            repeat {
                guard let value = scanner.literal() else { throw unsupported(text) }
                values.append(value)
            } while scanner.take(",")
            guard scanner.take(")") else { throw unsupported(text) }
            return .oneOf(name, values)
        default: throw unsupported(text)
        }
    }

    private static func unsupported(_ text: String) -> GraphError {
        .bad("Invalid filter clause: '\(text)'.")
    }

    /// Whether an object fulfils every condition.
    func matches(_ object: DirectoryObject) -> Bool {
        conditions.allSatisfy { condition in
            switch condition {
            case .equal(let name, let value): Self.values(name, object).contains(value.lowercased())
            case .startsWith(let name, let value):
                Self.values(name, object).contains { $0.hasPrefix(value.lowercased()) }
            case .oneOf(let name, let values):
                values.contains { Self.values(name, object).contains($0.lowercased()) }
            case .anyEqual(let name, let value): Self.values(name, object).contains(value.lowercased())
            }
        }
    }

    /// What an object has under a property, in lower case: Graph compares without regard to case.
    private static func values(_ name: String, _ object: DirectoryObject) -> [String] {
        let values: [String] =
            switch name {
            case "id": [object.id]
            case "appId": [object.appId]
            case "displayName": [object.displayName]
            case "servicePrincipalNames": [object.appId]
            case "servicePrincipalType": ["Application"]
            default:
                switch object.extra[name] {
                case .array(let elements): elements.compactMap(\.text)
                case .string(let text): [text]
                default: []
                }
            }
        return values.map { $0.lowercased() }
    }
}

/// Reads a filter's words and literals one after the other.
struct FilterScanner {
    let text: String
    private var rest: Substring

    init(_ text: String) {
        self.text = text
        rest = text[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skipSpaces() {
        rest = rest.drop { $0 == " " }
    }

    /// The next word of letters.
    mutating func word() -> String? {
        skipSpaces()
        let word = rest.prefix { $0.isLetter }
        rest = rest.dropFirst(word.count)
        return word.isEmpty ? nil : String(word)
    }

    /// Goes past a text; `false` where another stands there.
    mutating func take(_ text: String) -> Bool {
        skipSpaces()
        guard rest.hasPrefix(text) else { return false }
        rest = rest.dropFirst(text.count)
        return true
    }

    /// A text between single quotes, in which a doubled one stands for itself.
    mutating func literal() -> String? {
        guard take("'") else { return nil }
        var value = ""
        while let character = rest.popFirst() {
            if character != "'" {
                value.append(character)
            } else if rest.first == "'" {
                rest.removeFirst()
                value.append("'")
            } else {
                return value
            }
        }
        return nil
    }
}
