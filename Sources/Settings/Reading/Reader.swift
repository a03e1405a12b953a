internal import Yams

/// Reads one configuration and collects what is wrong with it.
///
/// Each of its functions takes a ``Field`` and returns what it stands for, or reports why not and returns
/// `nil`; reading goes on, so that one run names every fault.
final class Reader {
    let file: String
    let environment: [String: String]
    private var problems: [ConfigurationError] = []
    private var filledIn: Set<String> = []

    /// As many as fit on a screen.
    private static let mostProblems = 10

    init(file: String, environment: [String: String]) {
        self.file = file
        self.environment = environment
    }

    /// Remembers a fault.
    func report(_ position: Position?, _ message: String, hint: String? = nil) {
        let problem = ConfigurationError(message, at: position, hint: hint)
        // What several entries share is at fault once.
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// Remembers that a text has come, wholly or in part, from the environment.
    func remember(filledIn text: String) {
        filledIn.insert(text)
    }

    /// A text for a message; not what the environment holds, which may be secret.
    func shown(_ text: String) -> String {
        filledIn.contains(text) ? "(from the environment)" : "`\(text)`"
    }

    /// How many faults there are so far.
    var problemCount: Int { problems.count }

    /// Throws what was reported, if anything was.
    func finish() throws(ConfigurationError) {
        // What has no place comes first; what has the same place stays in order.
        let sorted = problems.enumerated().map { index, problem in
            (line: problem.position?.line ?? 0, column: problem.position?.column ?? 0, index: index)
        }.sorted(by: <).map { problems[$0.index] }
        guard let first = sorted.first else { return }
        throw ConfigurationError(
            first.message, at: first.position, hint: first.hint,
            others: Array(sorted.dropFirst().prefix(Self.mostProblems - 1)))
    }

    /// The members of a mapping, as the file orders them, with those that `<<` merges in at the end.
    func members(of field: Field) -> [(key: Located<String>, value: Field)]? {
        guard case .mapping(let mapping) = field.node else {
            report(field.position, "\(field.name): expected a mapping, found \(field.description)")
            return nil
        }
        var members: [(key: Located<String>, value: Field)] = []
        var merged: [(key: Located<String>, value: Field)] = []
        for (key, value) in mapping {
            guard case .scalar(let name) = key else {
                report(position(of: key, else: field), "\(field.name): expected a key, found a collection")
                continue
            }
            let path = field.path.isEmpty ? name.string : "\(field.path).\(name.string)"
            let position = position(of: key, else: field)
            let child = Field(node: value, path: path, position: self.position(of: value, else: field))
            if name.string == "<<", name.style == .plain {
                merged += merge(Field(node: value, path: field.path, position: child.position))
            } else {
                members.append((Located(name.string, at: position), child))
            }
        }
        let own = Set(members.map(\.key.value))
        return members + merged.filter { !own.contains($0.key.value) }
    }

    /// What `<<` brings in: one mapping, or several of which the first wins
    /// (https://yaml.org/type/merge.html).
    private func merge(_ field: Field) -> [(key: Located<String>, value: Field)] {
        guard case .sequence(let sequence) = field.node else { return members(of: field) ?? [] }
        var known: Set<String> = []
        return sequence.flatMap { node in
            members(of: Field(node: node, path: field.path, position: position(of: node, else: field))) ?? []
        }.filter { known.insert($0.key.value).inserted }
    }

    /// The elements of a list.
    func elements(of field: Field) -> [Field]? {
        guard case .sequence(let sequence) = field.node else {
            report(field.position, "\(field.name): expected a list, found \(field.description)")
            return nil
        }
        return sequence.enumerated().map { index, node in
            Field(node: node, path: "\(field.path)[\(index)]", position: position(of: node, else: field))
        }
    }

    private func position(of node: Node, else field: Field) -> Position {
        node.mark.map { Position(file: file, line: $0.line, column: $0.column) } ?? field.position
    }
}
