internal import SecretMemory
internal import SinkCore

/// How lines of `NAME=value` are written, and what they can hold.
///
/// A value that some reader of a syntax would take for another is refused: it is better to say no before a
/// rotation begins than to hand out a secret that does not work.
enum VariableSyntax: String, Sendable, Hashable {
    /// A POSIX shell's: single quotes, in which nothing has a meaning (POSIX, Shell 2.2.2).
    case shell
    /// What python-dotenv, Node's dotenv and Docker Compose agree on.
    case dotenv
    /// systemd's `EnvironmentFile=`: double quotes, in which four characters are escaped (systemd.exec(5)).
    case systemd

    /// Names a comment line of ours, which holds the metadata that no variable does.
    static let commentPrefix = "# credferry "

    /// The content of a file.
    func render(
        _ secret: borrowing Secret, _ metadata: Metadata, _ style: VariableStyle
    ) throws(SinkError) -> SecretBuffer {
        let quotes = try quotes(for: secret)
        var content = SecretBuffer(capacity: 1024)
        content.append(Self.commentPrefix + MetadataComment.text(metadata) + "\n")
        for variable in EnvironmentVariables.variables(for: metadata, style: style) {
            content.append((self == .shell ? "export " : "") + variable.name + "=")
            switch variable.value {
            case .secret: quote(secret, with: quotes, into: &content)
            case .text(let text):
                let value = Secret(copying: Array(text.utf8).span.bytes)
                quote(value, with: try self.quotes(for: value), into: &content)
            }
            content.append("\n")
        }
        return content
    }

    /// The quotes that `value` can be written in.
    ///
    /// - Throws: ``SinkError/Code/refused`` where there are none.
    private func quotes(for value: borrowing Secret) throws(SinkError) -> UInt8 {
        let reason =
            switch self {
            case .shell: value.contains { $0 == 0 } ? "it has a NUL byte" : nil
            case .dotenv: dotenvProblem(value)
            case .systemd:
                if value.contains(where: { $0 < 0x20 && $0 != Ascii.tab || $0 == 0x7F }) {
                    "it has control characters"
                } else {
                    value.isUTF8 ? nil : "it is not UTF-8"
                }
            }
        if let reason {
            throw SinkError(
                .refused, "the format \(rawValue) cannot hold this value: \(reason)",
                hint: "use another format for this sink")
        }
        switch self {
        case .shell: return Ascii.singleQuote
        case .dotenv:
            return value.contains { $0 == Ascii.singleQuote } ? Ascii.doubleQuote : Ascii.singleQuote
        case .systemd: return Ascii.doubleQuote
        }
    }

    /// Why readers of dotenv would not get `value` back.
    ///
    /// In single quotes, python-dotenv takes `\\` and `\'` for escapes and Node's dotenv does not; in double
    /// quotes, they have different escapes and Compose puts in variables. python-dotenv puts in `${…}`
    /// whatever the quotes.
    private func dotenvProblem(_ value: borrowing Secret) -> String? {
        if value.contains(where: { [0, Ascii.newline, Ascii.carriageReturn].contains($0) }) {
            return "it has a line's end or a NUL byte"
        }
        guard value.isUTF8 else { return "it is not UTF-8" }
        let disagree = "readers do not agree on its quotes, backslashes or `$`"
        let special = [Ascii.doubleQuote, Ascii.backslash, Ascii.dollar, Ascii.backquote]
        if value.contains(where: { $0 == Ascii.singleQuote }) {
            return value.contains(where: special.contains) ? disagree : nil
        }
        return value.withUnsafeBytes { bytes in
            for (index, byte) in bytes.enumerated() {
                let next = index + 1 < bytes.count ? bytes[index + 1] : nil
                if byte == Ascii.backslash, next == nil || next == Ascii.backslash { return disagree }
                if byte == Ascii.dollar, next == Ascii.openBrace { return disagree }
            }
            return nil
        }
    }

    private func quote(_ value: borrowing Secret, with quotes: UInt8, into content: inout SecretBuffer) {
        content.append(quotes)
        value.withUnsafeBytes { bytes in
            for byte in bytes {
                switch self {
                case .shell where byte == Ascii.singleQuote: content.append("'\\''")
                case .systemd where Ascii.systemdEscaped.contains(byte):
                    content.append(Ascii.backslash)
                    content.append(byte)
                default: content.append(byte)
                }
            }
        }
        content.append(quotes)
    }

    /// What a file holds, also after somebody has edited it.
    func parse(
        _ content: borrowing Secret, _ style: VariableStyle, path: String
    ) throws(SinkError) -> StoredSecret {
        let candidates = EnvironmentVariables.Names.candidates(style)
        for names in candidates {
            var scanner = VariableScanner(syntax: self, count: content.count)
            let found = try scanner.value(of: names.secret, in: content.bytes, path: path)
            switch consume found {
            case .some(let secret):
                return StoredSecret(secret: secret, metadata: metadata(of: content, names, path: path))
            case .none: continue
            }
        }
        let wanted = candidates.map { "`\($0.secret)`" }.joined(separator: " or ")
        throw SinkError(
            .broken, "\(path) has no variable \(wanted)", hint: "check `variables` and `format` of the sink")
    }

    /// What the comment and the variables say together; `nil` where that is not all.
    private func metadata(
        of content: borrowing Secret, _ names: EnvironmentVariables.Names, path: String
    ) -> Metadata? {
        var scanner = VariableScanner(syntax: self, count: content.count)
        guard let comment = scanner.comment(in: content.bytes),
            let appId = text(of: names.id, in: content, path: path)
        else { return nil }
        return MetadataComment.metadata(comment, appId: appId)
    }

    private func text(of name: String, in content: borrowing Secret, path: String) -> String? {
        var scanner = VariableScanner(syntax: self, count: content.count)
        do {
            let found = try scanner.value(of: name, in: content.bytes, path: path)
            switch consume found {
            case .some(let value): return value.withUnsafeBytes { String(validating: $0, as: UTF8.self) }
            case .none: return nil
            }
        } catch {
            return nil
        }
    }
}

extension Secret {
    /// Whether a byte passes a test.
    func contains(where test: (UInt8) -> Bool) -> Bool {
        withUnsafeBytes { $0.contains(where: test) }
    }
}

/// The characters that have a meaning in some syntax.
enum Ascii {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let singleQuote = UInt8(ascii: "'")
    static let doubleQuote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let backquote = UInt8(ascii: "`")
    static let dollar = UInt8(ascii: "$")
    static let openBrace = UInt8(ascii: "{")
    static let hash = UInt8(ascii: "#")
    static let semicolon = UInt8(ascii: ";")
    static let equals = UInt8(ascii: "=")
    static let percent = UInt8(ascii: "%")

    /// `SHELL_NEED_ESCAPE` of systemd's `env-file.c`.
    static let systemdEscaped = [doubleQuote, backslash, backquote, dollar]
}
