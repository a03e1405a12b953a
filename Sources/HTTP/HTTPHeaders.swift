/// One field of a request's or answer's header section.
public struct HTTPField: Sendable, Equatable {
    /// The name as it was written; case does not matter.
    public var name: String
    /// The value, without the blanks around it.
    public var value: String

    /// A field of this name and value; what cannot be sent is found when the request is.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// The fields of an answer, looked up without regard to case (RFC 9110, section 5.1).
public struct HTTPHeaders: Sendable, Equatable {
    /// The fields in the order in which they came.
    public let fields: [HTTPField]

    /// The fields of an answer.
    public init(_ fields: [HTTPField] = []) {
        self.fields = fields
    }

    /// The value of the first field of this name.
    public func first(_ name: String) -> String? {
        fields.first { isEqualIgnoringCase($0.name, name) }?.value
    }

    /// The values of all fields of this name, in their order.
    public func all(_ name: String) -> [String] {
        fields.filter { isEqualIgnoringCase($0.name, name) }.map(\.value)
    }
}

/// Whether two texts are the same but for the case of ASCII letters; names on the wire know no other.
func isEqualIgnoringCase(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
    left.utf8.count == right.utf8.count
        && zip(left.utf8, right.utf8).allSatisfy { lowercased($0) == lowercased($1) }
}

private func lowercased(_ byte: UInt8) -> UInt8 {
    UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
}
