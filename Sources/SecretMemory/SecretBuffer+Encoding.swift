extension SecretBuffer {
    /// Appends `secret` as a JSON string, quotes included (RFC 8259, section 7).
    ///
    /// - Precondition: the secret is UTF-8, which JSON cannot do without; see ``Secret/isUTF8``.
    public mutating func appendJSONString(_ secret: borrowing Secret) {
        append(UInt8(ascii: "\""))
        secret.withUnsafeBytes { bytes in
            for byte in bytes { appendJSONEscaped(byte) }
        }
        append(UInt8(ascii: "\""))
    }

    /// Appends a text that is no secret as a JSON string, quotes included.
    public mutating func appendJSONString(_ text: some StringProtocol) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 { appendJSONEscaped(byte) }
        append(UInt8(ascii: "\""))
    }

    /// Appends `secret` as a value of `application/x-www-form-urlencoded`: all but letters, digits and
    /// `-`, `.`, `_`, `*` is percent-encoded (URL Standard, section 5.2; a space becomes `%20`).
    public mutating func appendFormEncoded(_ secret: borrowing Secret) {
        secret.withUnsafeBytes { bytes in
            for byte in bytes { appendFormEncoded(byte) }
        }
    }

    /// Appends a text that is no secret as a value of `application/x-www-form-urlencoded`.
    public mutating func appendFormEncoded(_ text: some StringProtocol) {
        for byte in text.utf8 { appendFormEncoded(byte) }
    }

    /// Appends `secret` in base64 with padding (RFC 4648, section 4).
    public mutating func appendBase64(_ secret: borrowing Secret) {
        secret.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: 3) {
                let length = min(3, bytes.count - start)
                var group: UInt32 = 0
                for offset in 0..<3 {
                    group = group << 8 | (offset < length ? UInt32(bytes[start + offset]) : 0)
                }
                for position in 0..<4 {
                    let isPadding = position > length
                    append(isPadding ? UInt8(ascii: "=") : Base64.digit(group >> (18 - 6 * position) & 63))
                }
            }
        }
    }

    /// Appends bytes in base64url without padding (RFC 4648, section 5), as JSON Web Tokens are written.
    public mutating func appendBase64URL(_ span: RawSpan) {
        span.withUnsafeBytes { bytes in
            var (group, bits): (UInt32, UInt32) = (0, 0)
            for byte in bytes {
                group = group << 8 | UInt32(byte)
                bits += 8
                while bits >= 6 {
                    bits -= 6
                    append(Base64.urlDigit(group >> bits & 63))
                }
            }
            if bits > 0 { append(Base64.urlDigit(group << (6 - bits) & 63)) }
        }
    }

    private mutating func appendJSONEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            append(UInt8(ascii: "\\"))
            append(byte)
        case 0..<0x20:
            append("\\u00")
            append(hexDigit(byte >> 4))
            append(hexDigit(byte & 15))
        default:
            append(byte)
        }
    }

    private mutating func appendFormEncoded(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "*"):
            append(byte)
        default:
            append(UInt8(ascii: "%"))
            append(hexDigit(byte >> 4))
            append(hexDigit(byte & 15))
        }
    }

    private func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}

extension Secret {
    /// The bytes that a base64 text stands for, decoded without leaving the secure heap; `nil` where the
    /// text is not canonical base64 with padding (RFC 4648, section 4).
    public init?(base64 text: RawSpan) {
        let length = text.byteCount
        guard length % 4 == 0 else { return nil }
        let digits = text.withUnsafeBytes { bytes in
            bytes.reversed().drop { $0 == UInt8(ascii: "=") }.count
        }
        guard length - digits <= 2 else { return nil }
        var buffer = SecretBuffer(capacity: length / 4 * 3)
        var (group, bits): (UInt32, Int) = (0, 0)
        for offset in 0..<digits {
            let digit = text.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            guard let value = Base64.value(digit) else { return nil }
            group = group << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                buffer.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            }
        }
        guard group & (1 << UInt32(bits) - 1) == 0 else { return nil }
        self = buffer.finish()
    }

    /// Whether the bytes are well-formed UTF-8, and so can be written in JSON.
    public var isUTF8: Bool {
        withUnsafeBytes { bytes in
            var decoder = UTF8()
            var iterator = bytes.makeIterator()
            while true {
                switch decoder.decode(&iterator) {
                case .scalarValue: continue
                case .emptyInput: return true
                case .error: return false
                }
            }
        }
    }
}

/// The alphabet of RFC 4648, section 4.
///
/// Values are computed, not looked up, so that no table's cache lines
/// depend on a secret.
private enum Base64 {
    static func digit(_ value: UInt32) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + UInt8(value)
        case 26..<52: UInt8(ascii: "a") + UInt8(value - 26)
        case 52..<62: UInt8(ascii: "0") + UInt8(value - 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    /// The digit of the URL-safe alphabet (section 5).
    static func urlDigit(_ value: UInt32) -> UInt8 {
        switch value {
        case 62: UInt8(ascii: "-")
        case 63: UInt8(ascii: "_")
        default: digit(value)
        }
    }

    static func value(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
