/// Why a JSON document that should hold a secret does not give it.
public enum SecretJSONError: Error, Equatable {
    /// The text is not JSON; `offset` is where it goes wrong, in bytes.
    case malformed(offset: Int)
    /// There is no string at the path.
    case missing
}

extension SecretBuffer {
    /// Takes the string at `path` out of the JSON document in this buffer.
    ///
    /// The string's bytes are copied into a secret of their own and overwritten with blanks here, so that
    /// what stays can go through a general JSON decoder: the document is still valid, and the secret is no
    /// longer in it.
    ///
    /// - Parameter path: the names of the members that lead to the string, outermost first.
    /// - Throws: ``SecretJSONError`` where the document is no JSON or has no string there.
    public mutating func cutJSONString(at path: [String]) throws(SecretJSONError) -> Secret {
        var scanner = JSONScanner(count: count)
        let range = try scanner.findString(at: path, in: bytes)
        var secret = SecretBuffer(capacity: range.count)
        try scanner.unescape(range, of: bytes, into: &secret)
        overwrite(range, with: UInt8(ascii: " "))
        return secret.finish()
    }
}

/// Walks over a JSON text just far enough to find one string; nothing is built and nothing is copied.
private struct JSONScanner {
    private var position = 0
    private let count: Int

    /// Deeper documents are refused: none of Azure's or a plugin's answers comes near.
    private static let maximumDepth = 64

    init(count: Int) { self.count = count }

    /// The range between the quotes of the string at `path`.
    mutating func findString(at path: [String], in text: RawSpan) throws(SecretJSONError) -> Range<Int> {
        for name in path {
            try enterMember(name, of: text)
        }
        guard peek(text) == UInt8(ascii: "\"") else { throw .missing }
        return try string(text)
    }

    /// Moves to the value of the member `name` of the object that begins here.
    private mutating func enterMember(_ name: String, of text: RawSpan) throws(SecretJSONError) {
        guard peek(text) == UInt8(ascii: "{") else { throw .missing }
        position += 1
        if peek(text) == UInt8(ascii: "}") { throw .missing }
        while true {
            guard peek(text) == UInt8(ascii: "\"") else { throw malformed }
            let key = try string(text)
            try expect(":", text)
            if isEqual(text, key, name) { return }
            try skipValue(text, depth: 0)
            guard peek(text) == UInt8(ascii: ",") else {
                try expect("}", text)
                throw .missing
            }
            position += 1
        }
    }

    private mutating func skipValue(_ text: RawSpan, depth: Int) throws(SecretJSONError) {
        guard depth < Self.maximumDepth else { throw malformed }
        switch peek(text) {
        case UInt8(ascii: "\""): _ = try string(text)
        case UInt8(ascii: "{"): try skipContainer(text, closing: "}", isObject: true, depth: depth)
        case UInt8(ascii: "["): try skipContainer(text, closing: "]", isObject: false, depth: depth)
        default: try skipScalar(text)
        }
    }

    private mutating func skipContainer(
        _ text: RawSpan, closing: Unicode.Scalar, isObject: Bool, depth: Int
    ) throws(SecretJSONError) {
        position += 1
        if peek(text) == UInt8(ascii: closing) {
            position += 1
            return
        }
        while true {
            if isObject {
                guard peek(text) == UInt8(ascii: "\"") else { throw malformed }
                _ = try string(text)
                try expect(":", text)
            }
            try skipValue(text, depth: depth + 1)
            guard peek(text) == UInt8(ascii: ",") else {
                return try expect(closing, text)
            }
            position += 1
        }
    }

    /// A number, `true`, `false` or `null`; the general decoder judges them.
    private mutating func skipScalar(_ text: RawSpan) throws(SecretJSONError) {
        let start = position
        scan: while position < count {
            switch byte(text, position) {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                position += 1
            default:
                break scan
            }
        }
        guard position > start else { throw malformed }
    }

    /// Moves past the string that begins here; the range lies between its quotes.
    private mutating func string(_ text: RawSpan) throws(SecretJSONError) -> Range<Int> {
        position += 1
        let start = position
        while position < count {
            switch byte(text, position) {
            case UInt8(ascii: "\""):
                position += 1
                return start..<position - 1
            case UInt8(ascii: "\\"): position += 2
            case 0..<0x20: throw malformed
            default: position += 1
            }
        }
        throw malformed
    }

    /// Writes the string in `range` without its escapes (RFC 8259, section 7).
    func unescape(
        _ range: Range<Int>, of text: RawSpan, into output: inout SecretBuffer
    ) throws(SecretJSONError) {
        var at = range.lowerBound
        while at < range.upperBound {
            let next = byte(text, at)
            at += 1
            guard next == UInt8(ascii: "\\") else {
                output.append(next)
                continue
            }
            guard at < range.upperBound else { throw .malformed(offset: at) }
            let escape = byte(text, at)
            at += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(escape)
            case UInt8(ascii: "b"): output.append(UInt8(8))
            case UInt8(ascii: "f"): output.append(UInt8(12))
            case UInt8(ascii: "n"): output.append(UInt8(10))
            case UInt8(ascii: "r"): output.append(UInt8(13))
            case UInt8(ascii: "t"): output.append(UInt8(9))
            case UInt8(ascii: "u"):
                for unit in UTF8.encode(try scalar(&at, range.upperBound, text)) ?? .init() {
                    output.append(unit)
                }
            default: throw .malformed(offset: at)
            }
        }
    }

    /// The character of a `\u` escape, whose second half follows in an escape of its own where it is one
    /// outside the Basic Multilingual Plane.
    private func scalar(
        _ at: inout Int, _ end: Int, _ text: RawSpan
    ) throws(SecretJSONError) -> Unicode.Scalar {
        let high = try codeUnit(&at, end, text)
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard at + 1 < end, byte(text, at) == UInt8(ascii: "\\"), byte(text, at + 1) == UInt8(ascii: "u")
        else { throw .malformed(offset: at) }
        at += 2
        let low = try codeUnit(&at, end, text)
        guard UTF16.isLeadSurrogate(high), UTF16.isTrailSurrogate(low),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(high) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
        else { throw .malformed(offset: at) }
        return scalar
    }

    private func codeUnit(_ at: inout Int, _ end: Int, _ text: RawSpan) throws(SecretJSONError) -> UInt16 {
        guard at + 4 <= end else { throw .malformed(offset: at) }
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(byte(text, at))).hexDigitValue else {
                throw .malformed(offset: at)
            }
            value = value << 4 | UInt16(digit)
            at += 1
        }
        return value
    }

    /// The next byte that is not white space, which it moves to; 0 at the end.
    private mutating func peek(_ text: RawSpan) -> UInt8 {
        while position < count {
            switch byte(text, position) {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case let next: return next
            }
        }
        return 0
    }

    private mutating func expect(_ scalar: Unicode.Scalar, _ text: RawSpan) throws(SecretJSONError) {
        guard peek(text) == UInt8(ascii: scalar) else { throw malformed }
        position += 1
    }

    private func isEqual(_ text: RawSpan, _ range: Range<Int>, _ name: String) -> Bool {
        range.count == name.utf8.count
            && zip(range, name.utf8).allSatisfy { byte(text, $0) == $1 }
    }

    private func byte(_ text: RawSpan, _ offset: Int) -> UInt8 {
        text.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    private var malformed: SecretJSONError { .malformed(offset: position) }
}
