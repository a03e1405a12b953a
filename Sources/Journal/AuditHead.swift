/// The end of the audit chain: how many records there are, and the last one's hash, which covers all of them.
public struct AuditHead: Sendable, Equatable, CustomStringConvertible {
    /// The number of the last record; 0 where there is none.
    public let number: Int
    /// Its hash: 64 hexadecimal digits, lower case.
    public let hash: String

    /// The chain before its first record.
    static let none = AuditHead(number: 0, bytes: [UInt8](repeating: 0, count: SHA256.byteCount))

    init(number: Int, bytes: some Sequence<UInt8>) {
        self.number = number
        hash = Hexadecimal.text(bytes)
    }

    /// A head as ``description`` writes it; `nil` where the text is none.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]), number >= 0, parts[1].utf8.count == 64,
            parts[1].utf8.allSatisfy({ Self.isDigit($0) })
        else { return nil }
        self.number = number
        hash = String(parts[1])
    }

    /// The hash's bytes.
    var bytes: [UInt8] {
        let digits = Array(hash.utf8)
        return stride(from: 0, to: digits.count, by: 2).map { index in
            UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) ?? 0
        }
    }

    /// `43:9f86d081…`, to be noted elsewhere and compared later.
    public var description: String { "\(number):\(hash)" }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
