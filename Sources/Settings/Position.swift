/// A place in the configuration's file.
public struct Position: Sendable, Hashable {
    /// The file's path.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// The column, from 1, counted in Unicode scalars.
    public let column: Int

    /// Names a place.
    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// Names the place that follows `text`, which is the beginning of the file.
    init(file: String, after text: some StringProtocol) {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        self.init(file: file, line: max(lines.count, 1), column: (lines.last?.unicodeScalars.count ?? 0) + 1)
    }
}

extension Position: CustomStringConvertible {
    /// `credferry.yaml:12:7`, as editors and compilers write it.
    public var description: String { "\(file):\(line):\(column)" }
}

extension Position: Comparable {
    /// Orders the places of one file from top to bottom.
    public static func < (one: Position, other: Position) -> Bool {
        (one.line, one.column) < (other.line, other.column)
    }
}

/// A value, and where the configuration gives it.
public struct Located<Value: Sendable>: Sendable {
    /// The value.
    public let value: Value
    /// Where it stands; for a default, the entry that it belongs to.
    public let position: Position

    /// Puts a value in its place.
    public init(_ value: Value, at position: Position) {
        self.value = value
        self.position = position
    }
}

extension Located: Equatable where Value: Equatable {}
extension Located: Hashable where Value: Hashable {}
