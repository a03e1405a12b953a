extension Reader {
    /// A text that is not empty, with `${NAME}` filled in.
    func string(_ field: Field) -> Located<String>? {
        guard field.scalar != nil, field.plainType == .text else {
            let hint: String? =
                switch field.plainType {
                case .number, .boolean: "write it in quotes"
                default: nil
                }
            report(field.position, "\(field.name): expected a text, found \(field.description)", hint: hint)
            return nil
        }
        guard let text = scalar(field) else { return nil }
        guard !text.isEmpty else {
            report(field.position, "\(field.name): expected a text, found an empty one")
            return nil
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            report(field.position, "\(field.name): control characters, such as a line's end, are not taken")
            return nil
        }
        return Located(text, at: field.position)
    }

    /// A text that passes a test.
    ///
    /// - Parameter expected: what the text should have been, for the message.
    func string(_ field: Field, expected: String, where test: (String) -> Bool) -> Located<String>? {
        guard let text = string(field) else { return nil }
        guard test(text.value) else {
            report(field.position, "\(field.name): expected \(expected), found \(field.description)")
            return nil
        }
        return text
    }

    /// A UUID, in lower case.
    func uuid(_ field: Field) -> Located<String>? {
        string(field, expected: "a UUID", where: Names.isUUID).map {
            Located($0.value.lowercased(), at: $0.position)
        }
    }

    /// What clusters, identities, sinks and plugins are called.
    func name(_ field: Field) -> Located<String>? {
        string(
            field,
            expected: "a name of letters, digits, `.`, `_` and `-`, at most 63, a letter or digit first",
            where: Names.isName)
    }

    /// A path, made absolute from the configuration's folder.
    func path(_ field: Field) -> String? {
        guard let text = string(field)?.value else { return nil }
        guard checkPath(text, field) else { return nil }
        return Paths.join(Paths.folder(of: file), text)
    }

    /// Whether a path means what it seems to.
    func checkPath(_ text: String, _ field: Field) -> Bool {
        guard text != "~", !text.hasPrefix("~/") else {
            report(
                field.position, "\(field.name): `~` is not understood in a path", hint: "write ${HOME}")
            return false
        }
        guard !text.hasSuffix("/") else {
            report(field.position, "\(field.name): expected a path without `/` at its end")
            return false
        }
        return true
    }

    /// `true` or `false`.
    func boolean(_ field: Field) -> Bool? {
        switch scalarOrReport(field, expected: "true or false")?.lowercased() {
        case "true": return true
        case "false": return false
        case nil: return nil
        default:
            report(field.position, "\(field.name): expected true or false, found \(field.description)")
            return nil
        }
    }

    /// A whole number in a range.
    func integer(_ field: Field, in range: ClosedRange<Int>) -> Int? {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let text = scalarOrReport(field, expected: expected) else { return nil }
        guard let value = Field.integer(text), range.contains(value) else {
            report(field.position, "\(field.name): expected \(expected), found \(field.description)")
            return nil
        }
        return value
    }

    /// A duration in a range.
    func duration(_ field: Field, in range: ClosedRange<Duration>) -> Duration? {
        let expected = "a duration such as `90d`, `24h`, `30m` or `45s`"
        guard let text = scalarOrReport(field, expected: expected) else { return nil }
        guard let value = Durations.parse(text) else {
            report(field.position, "\(field.name): expected \(expected), found \(field.description)")
            return nil
        }
        guard range.contains(value) else {
            let limits = "\(Durations.text(range.lowerBound)) to \(Durations.text(range.upperBound))"
            report(field.position, "\(field.name): expected \(limits), found \(field.description)")
            return nil
        }
        return value
    }

    /// One of the words of an enumeration.
    func choice<Choice>(_ field: Field, _ type: Choice.Type = Choice.self) -> Choice?
    where Choice: RawRepresentable & CaseIterable, Choice.RawValue == String {
        choice(field, among: Array(Choice.allCases))
    }

    /// One of some words of an enumeration.
    func choice<Choice>(_ field: Field, among choices: [Choice]) -> Choice?
    where Choice: RawRepresentable, Choice.RawValue == String {
        guard let text = string(field) else { return nil }
        if let choice = choices.first(where: { $0.rawValue == text.value }) { return choice }
        let words = choices.map(\.rawValue)
        // The hint is found by the text of the file, since it is shown.
        let written = field.scalar?.text ?? ""
        report(
            field.position, "\(field.name): \(field.description) is none of its values",
            hint: Nearest.hint(written, among: words, called: "values"))
        return nil
    }

    /// A template with known placeholders.
    func template(_ field: Field) -> Located<Template>? {
        guard let text = string(field) else { return nil }
        do {
            return Located(try Template(parsing: text.value), at: text.position)
        } catch {
            // What is wrong may have come in through a variable, whose value is not to be shown.
            let isOwnText = field.scalar?.text == text.value
            let message = isOwnText ? error.message : "\(field.description) becomes no template"
            report(field.position, "\(field.name): \(message)", hint: isOwnText ? error.hint : nil)
            return nil
        }
    }

    /// The text of a scalar of any type that is not null, with `${NAME}` filled in.
    private func scalarOrReport(_ field: Field, expected: String) -> String? {
        guard field.scalar != nil, field.plainType != .null else {
            report(field.position, "\(field.name): expected \(expected), found \(field.description)")
            return nil
        }
        return scalar(field)
    }
}
