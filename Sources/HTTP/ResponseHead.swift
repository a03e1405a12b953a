/// The status and fields of an answer, gathered line by line.
struct ResponseHead {
    /// What came is more than is kept.
    struct TooLong: Error {}

    private(set) var status = 0
    private(set) var fields: [HTTPField] = []
    /// Whether the blank line behind the fields of a final answer came.
    private(set) var isComplete = false
    private var byteCount = 0

    /// How long all lines may be together, 1xx answers and trailers included.
    static let maximumByteCount = 64 << 10

    /// Takes the next line, with its end.
    mutating func receive(_ line: UnsafeRawBufferPointer) throws(TooLong) {
        byteCount += line.count
        guard byteCount <= Self.maximumByteCount else { throw TooLong() }
        // Behind the content come trailers (RFC 9110, section 6.5), which no service here sends a use for.
        guard !isComplete else { return }
        let text = trimmed(Substring(decoding: line, as: UTF8.self).utf8[...])
        if text.isEmpty {
            // A 1xx answer is followed by another.
            isComplete = status >= 200
        } else if line.first == UInt8(ascii: " ") || line.first == UInt8(ascii: "\t") {
            continueField(text)
        } else if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), !isStatusLine(text) {
            let name = String(trimmed(text.utf8[..<colon]))
            let value = String(trimmed(text.utf8[text.utf8.index(after: colon)...]))
            fields.append(HTTPField(name: name, value: value))
        } else {
            beginAnswer(text)
        }
    }

    /// A line that is no status line of HTTP/1.x leaves a status of 0, with which nothing is ever complete.
    private mutating func beginAnswer(_ line: Substring) {
        let words = line.split(separator: " ", maxSplits: 2)
        let isStatusLine = words.count > 1 && words[0].hasPrefix("HTTP/1.") && words[1].utf8.count == 3
        status = isStatusLine ? Int(words[1]) ?? 0 : 0
        fields = []
    }

    /// A line that begins with a blank goes on with the field before (RFC 9112, section 5.2).
    private mutating func continueField(_ text: Substring) {
        guard let last = fields.indices.last else { return }
        fields[last].value += " " + text
    }

    private func isStatusLine(_ line: Substring) -> Bool {
        line.utf8.starts(with: "HTTP/".utf8)
    }

    private func trimmed(_ text: Substring.UTF8View) -> Substring {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
        var rest = text.drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return Substring(rest)
    }
}
