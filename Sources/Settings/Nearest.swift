/// Which of several known words a mistyped one was meant to be.
enum Nearest {
    /// The known word closest to `word`; `nil` where none is close: a wrong guess helps nobody.
    static func match(_ word: String, among known: some Sequence<String>) -> String? {
        let limit = max(1, word.count / 3)
        let scored = known.map {
            (word: $0, distance: distance(Array(word.lowercased()), Array($0.lowercased())))
        }
        guard let best = scored.min(by: { $0.distance < $1.distance }), best.distance <= limit else {
            return nil
        }
        return best.word
    }

    /// `did you mean …?`, else the known words themselves.
    static func hint(_ word: String, among known: some Collection<String>, called kind: String) -> String? {
        if let nearest = match(word, among: known) { return "did you mean `\(nearest)`?" }
        guard !known.isEmpty else { return nil }
        let shown = known.prefix(20).map { "`\($0)`" }.joined(separator: ", ")
        return "\(kind): \(shown)\(known.count > 20 ? ", …" : "")"
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other
    /// (optimal string alignment).
    static func distance(_ one: [Character], _ other: [Character]) -> Int {
        var before: [Int] = []
        var previous = Array(0...other.count)
        for (row, character) in one.enumerated() {
            var current = [row + 1]
            for (column, candidate) in other.enumerated() {
                var cost = min(
                    previous[column + 1] + 1, current[column] + 1,
                    previous[column] + (character == candidate ? 0 : 1))
                if row > 0, column > 0, character == other[column - 1], one[row - 1] == candidate {
                    cost = min(cost, before[column - 1] + 1)
                }
                current.append(cost)
            }
            (before, previous) = (previous, current)
        }
        return previous[other.count]
    }
}
