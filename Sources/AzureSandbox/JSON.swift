/// A JSON value (RFC 8259) whose members keep the order in which they were written.
///
/// Azure's services answer in a fixed order; keeping it makes answers and recorded exchanges easy to compare.
enum JSON: Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number.
    case integer(Int)
    /// Any other number.
    case number(Double)
    /// A string.
    case string(String)
    /// An array.
    case array([JSON])
    /// An object.
    case object([Member])

    /// One member of an object.
    struct Member: Sendable, Equatable {
        let name: String
        let value: JSON
    }
}

extension JSON {
    /// A string, or `null` where there is none.
    init(_ text: String?) {
        self = text.map { .string($0) } ?? .null
    }

    /// The value of a member; `nil` where this is no object, or has no such member.
    subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The text of a string.
    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The value of a boolean.
    var flag: Bool? {
        guard case .bool(let flag) = self else { return nil }
        return flag
    }

    /// The value of a whole number.
    var whole: Int? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// The value of any number.
    var decimal: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }

    /// The elements of an array.
    var elements: [JSON]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members of an object.
    var members: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// This object with another member at its end, in place of one of the same name.
    func with(_ name: String, _ value: JSON) -> JSON {
        .object((members ?? []).filter { $0.name != name } + [Member(name: name, value: value)])
    }

    /// This object with another's members at its end.
    func with(contentsOf other: JSON) -> JSON {
        .object((members ?? []) + (other.members ?? []))
    }
}

extension JSON: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member(name: $0.0, value: $0.1) })
    }
}

extension JSON: ExpressibleByArrayLiteral {
    init(arrayLiteral elements: JSON...) {
        self = .array(elements)
    }
}

extension JSON: ExpressibleByStringInterpolation {
    init(stringLiteral value: String) {
        self = .string(value)
    }
}

extension JSON: ExpressibleByBooleanLiteral {
    init(booleanLiteral value: Bool) {
        self = .bool(value)
    }
}

extension JSON: ExpressibleByIntegerLiteral {
    init(integerLiteral value: Int) {
        self = .integer(value)
    }
}

extension JSON: ExpressibleByFloatLiteral {
    init(floatLiteral value: Double) {
        self = .number(value)
    }
}

extension JSON: ExpressibleByNilLiteral {
    init(nilLiteral: ()) {
        self = .null
    }
}
