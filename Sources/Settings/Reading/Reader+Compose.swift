internal import Yams

extension Reader {
    /// The root of the YAML in `text`.
    ///
    /// - Throws: where it is no YAML, holds nothing, or more than one document.
    func compose(_ text: String) throws(ConfigurationError) -> Field {
        // libyaml skips a byte order mark only where it may choose the encoding itself.
        let text = text.hasPrefix("\u{FEFF}") ? String(text.unicodeScalars.dropFirst()) : text
        let start = Position(file: file, line: 1, column: 1)
        let root: Node?
        do {
            // No resolver: it would run seven regular expressions over every scalar, and takes `on` for `true`.
            root = try Yams.compose(yaml: text, .basic, .default, .utf8)
        } catch let error as YamlError {
            throw fault(error, in: text)
        } catch {
            throw ConfigurationError("the file is no YAML", at: start)
        }
        guard let root else {
            throw ConfigurationError("the file is empty", at: start, hint: "begin with `version: 1`")
        }
        let position = root.mark.map { Position(file: file, line: $0.line, column: $0.column) }
        return Field(node: root, path: "", position: position ?? start)
    }

    private func fault(_ error: YamlError, in text: String) -> ConfigurationError {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let around = context.map { " \($0.text) (line \($0.mark.line))" } ?? ""
            return ConfigurationError("no YAML: \(problem)\(around)", at: position(mark))
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map { "`\($0)`" }.joined(separator: ", ")
            return ConfigurationError(
                "key \(names) is given more than once in one mapping", at: position(context.mark),
                hint: "keep one of them")
        case .reader(let problem, let offset, _, _):
            let place = Position(file: file, after: text.prefix(offset ?? 0))
            return ConfigurationError("no YAML: \(problem)", at: place)
        default:
            return ConfigurationError("the file is no YAML", at: Position(file: file, line: 1, column: 1))
        }
    }

    private func position(_ mark: Mark) -> Position {
        Position(file: file, line: mark.line, column: mark.column)
    }
}
