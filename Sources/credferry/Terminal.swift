import Glibc

/// The rules of the terminal, for every command.
///
/// - Results go to standard output; progress, messages and errors to standard error, prefixed with the
///   program's name, in lower case and without a full stop.
/// - Colour and anything that moves only where the stream is a terminal; `NO_COLOR` is honoured.
/// - A secret goes to standard output alone, and to a terminal only when asked twice.
struct Terminal: Sendable {
    /// One of the two streams that a command writes to.
    enum Stream: Int32 {
        case output = 1
        case error = 2

        var isTerminal: Bool { isatty(rawValue) == 1 }
    }

    /// The few colours that carry a meaning.
    enum Colour: String {
        case good = "32"
        case warning = "33"
        case bad = "31"
        case faint = "2"
        case bold = "1"
    }

    /// Whether `stream` gets colours.
    static func hasColour(_ stream: Stream) -> Bool {
        guard stream.isTerminal, getenv("NO_COLOR").map({ $0.pointee != 0 }) != true else { return false }
        return getenv("TERM").map { String(cString: $0) } != "dumb"
    }

    /// `text` in a colour, where the stream shows colours.
    static func paint(_ text: String, _ colour: Colour, on stream: Stream) -> String {
        hasColour(stream) ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes all of `text`; a reader that has gone away ends the program quietly, as it does for any filter.
    static func write(_ text: String, to stream: Stream) {
        var text = text
        text.withUTF8 { bytes in
            write(UnsafeRawBufferPointer(bytes), to: stream)
        }
    }

    /// Writes all of `bytes`.
    static func write(_ bytes: UnsafeRawBufferPointer, to stream: Stream) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(
                stream.rawValue, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                if errno == EPIPE { exit(0) }
                return
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Tells of something that went wrong, and of the mend.
    static func complain(_ message: String, hint: String? = nil) {
        for line in message.split(whereSeparator: \.isNewline) {
            write("\(paint("credferry:", .bad, on: .error)) \(oneLine(String(line)))\n", to: .error)
        }
        if let hint { write("  \(oneLine(hint))\n", to: .error) }
    }

    /// Text from outside without what could move the cursor or begin a line of its own.
    static func oneLine(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A, 0x0D, 0x09: if line.last != " " { line.append(" ") }
            case 0..<0x20, 0x7F..<0xA0: line.append("\u{FFFD}")
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}
