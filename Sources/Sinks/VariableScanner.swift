internal import SecretMemory
internal import SinkCore

/// Finds one variable in lines of `NAME=value`; all other values are passed over, not copied.
///
/// It reads what ``VariableSyntax`` writes, and what people write: `export` or none, single, double or no
/// quotes, comments and empty lines.
struct VariableScanner {
    let syntax: VariableSyntax
    private let count: Int
    private var position = 0

    init(syntax: VariableSyntax, count: Int) {
        self.syntax = syntax
        self.count = count
    }

    /// The value of the last assignment to `name`; `nil` where there is none, or it is empty.
    ///
    /// - Throws: ``SinkError/Code/broken`` where its quotes do not end.
    mutating func value(of name: String, in text: RawSpan, path: String) throws(SinkError) -> Secret? {
        var start: Int?
        var value = SecretBuffer(capacity: 64)
        position = 0
        while position < count {
            guard let range = self.name(text) else {
                skipLine(text)
                continue
            }
            if isEqual(range, name, text) { start = position }
            guard scanValue(into: &value, keeping: false, text) else {
                throw SinkError(.broken, "\(path): quotes that do not end, after \(lines(text)) lines")
            }
        }
        guard let start else { return nil }
        position = start
        _ = scanValue(into: &value, keeping: true, text)
        guard value.count > 0 else { return nil }
        return value.finish()
    }

    /// What follows ``VariableSyntax/commentPrefix`` in the first line that has it.
    mutating func comment(in text: RawSpan) -> String? {
        let prefix = Array(VariableSyntax.commentPrefix.utf8)
        position = 0
        while position < count {
            let start = position
            while position < count, byte(text) != Ascii.newline { position += 1 }
            let line = start..<position
            position += 1
            guard line.count > prefix.count, zip(line, prefix).allSatisfy({ at($0, text) == $1 }) else {
                continue
            }
            let bytes = line.dropFirst(prefix.count).map { at($0, text) }
            return String(validating: bytes, as: UTF8.self)
        }
        return nil
    }

    /// Where the name stands that the line that begins here assigns to; moves to the value.
    ///
    /// `nil` for any other line. No text is made of what stands there: in a file of another format than
    /// expected, it may be the secret.
    private mutating func name(_ text: RawSpan) -> Range<Int>? {
        skipBlanks(text)
        var name = word(text)
        if isEqual(name, "export", text) {
            skipBlanks(text)
            name = word(text)
        }
        if syntax != .shell { skipBlanks(text) }
        guard !name.isEmpty, position < count, byte(text) == Ascii.equals else { return nil }
        position += 1
        if syntax != .shell { skipBlanks(text) }
        return name
    }

    /// Moves past a value and the rest of its line.
    ///
    /// In a shell, quotes may begin anywhere; elsewhere only where the value does, so that `it's` is a value.
    ///
    /// - Returns: whether its quotes end.
    private mutating func scanValue(into output: inout SecretBuffer, keeping: Bool, _ text: RawSpan) -> Bool {
        var mayQuote = true
        while position < count {
            let next = byte(text)
            switch next {
            case Ascii.newline:
                position += 1
                return true
            case Ascii.singleQuote where mayQuote, Ascii.doubleQuote where mayQuote:
                position += 1
                guard scanQuoted(by: next, into: &output, keeping: keeping, text) else { return false }
                guard syntax == .dotenv else { continue }
                skipLine(text)
                return true
            case Ascii.backslash where syntax != .dotenv && position + 1 < count:
                position += 1
                if skipLineEnd(text) { continue }
            case Ascii.semicolon where syntax == .shell, _ where Self.isBlank(next) && endsHere(text):
                skipLine(text)
                return true
            default: break
            }
            mayQuote = syntax == .shell
            if keeping { output.append(byte(text)) }
            position += 1
        }
        return true
    }

    /// Moves past what stands in quotes, the closing one included.
    private mutating func scanQuoted(
        by quote: UInt8, into output: inout SecretBuffer, keeping: Bool, _ text: RawSpan
    ) -> Bool {
        while position < count {
            var next = byte(text)
            position += 1
            if next == quote { return true }
            if next == Ascii.backslash, position < count {
                if quote == Ascii.doubleQuote, syntax != .dotenv, skipLineEnd(text) { continue }
                if isEscape(byte(text), in: quote) {
                    next = byte(text)
                    position += 1
                }
            }
            if keeping { output.append(next) }
        }
        return false
    }

    /// Moves past the end of a line, which a backslash before it takes away; whether there was one.
    private mutating func skipLineEnd(_ text: RawSpan) -> Bool {
        guard byte(text) == Ascii.newline else { return false }
        position += 1
        return true
    }

    /// Whether a backslash in quotes is one that goes away.
    private func isEscape(_ next: UInt8, in quote: UInt8) -> Bool {
        switch (syntax, quote) {
        // In both kinds of quotes, as python-dotenv has it.
        case (.dotenv, _): next == quote || next == Ascii.backslash
        case (_, Ascii.doubleQuote): Ascii.systemdEscaped.contains(next)
        default: false
        }
    }

    /// Whether the blank here ends a value: always in a shell; elsewhere, where only blanks follow in the line,
    /// or a comment that dotenv takes for one.
    private func endsHere(_ text: RawSpan) -> Bool {
        if syntax == .shell { return true }
        var ahead = position
        while ahead < count, Self.isBlank(at(ahead, text)) { ahead += 1 }
        guard ahead < count, at(ahead, text) != Ascii.newline else { return true }
        return syntax == .dotenv && at(ahead, text) == Ascii.hash
    }

    private mutating func skipLine(_ text: RawSpan) {
        while position < count, byte(text) != Ascii.newline { position += 1 }
        position += 1
    }

    private mutating func skipBlanks(_ text: RawSpan) {
        while position < count, Self.isBlank(byte(text)) { position += 1 }
    }

    private mutating func word(_ text: RawSpan) -> Range<Int> {
        let start = position
        while position < count, Self.isNameByte(byte(text)) { position += 1 }
        return start..<position
    }

    private func isEqual(_ range: Range<Int>, _ name: String, _ text: RawSpan) -> Bool {
        range.count == name.utf8.count && zip(range, name.utf8).allSatisfy { at($0, text) == $1 }
    }

    /// How many lines have been passed, for messages.
    private func lines(_ text: RawSpan) -> Int {
        (0..<min(position, count)).count { at($0, text) == Ascii.newline }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == Ascii.space || byte == Ascii.tab || byte == Ascii.carriageReturn
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte)
    }

    private func byte(_ text: RawSpan) -> UInt8 { at(position, text) }

    private func at(_ offset: Int, _ text: RawSpan) -> UInt8 {
        text.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
