/// Texts of a plugin, made safe to show on a terminal and in a log.
public enum SafeText {
    /// How many characters of a plugin's message are shown.
    public static let maximumLength = 500

    /// `text` as one line of at most `limit` characters.
    ///
    /// Control characters and the like (Unicode's categories Cc, Cf, Zl, Zp) become blanks: a plugin can
    /// neither start a line of its own in a log nor drive the terminal.
    public static func line(_ text: some StringProtocol, limit: Int = maximumLength) -> String {
        var line = String.UnicodeScalarView()
        var length = 0
        for scalar in text.unicodeScalars {
            guard length < limit else {
                line.removeLast()
                line.append("…")
                break
            }
            line.append(isHarmless(scalar) ? scalar : " ")
            length += 1
        }
        return String(line).trimmingBlanks()
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: true
        }
    }
}

extension String {
    fileprivate func trimmingBlanks() -> String {
        let start = drop { $0 == " " }
        return String(start.reversed().drop { $0 == " " }.reversed())
    }
}
