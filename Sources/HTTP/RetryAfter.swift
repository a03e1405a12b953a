public import FoundationEssentials

/// How long a service asks to be left alone.
public enum RetryAfter {
    /// The wait in seconds; `nil` where the answer asks for none that can be understood.
    ///
    /// Read are, in this order, `retry-after-ms` and `x-ms-retry-after-ms` (Azure's, in milliseconds), then
    /// `Retry-After` (RFC 9110, section 10.2.3): seconds, with a fraction too, or a date. A moment that has
    /// passed, and a negative number, are 0.
    public static func seconds(_ headers: HTTPHeaders, now: Date) -> Double? {
        for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
            if let milliseconds = headers.first(name).flatMap(number) { return milliseconds / 1000 }
        }
        guard let value = headers.first("Retry-After") else { return nil }
        return number(value) ?? HTTPDate.date(value, now: now).map { max(0, $0.timeIntervalSince(now)) }
    }

    /// Digits with at most one point among them, and a sign in front perhaps.
    private static func number(_ text: String) -> Double? {
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard let first = digits.utf8.first, isDigit(first),
            digits.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }),
            let value = Double(digits), value.isFinite
        else { return nil }
        return text.hasPrefix("-") ? 0 : value
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }
}
