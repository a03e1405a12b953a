/// Rows of text in columns, two blanks apart; the last column is as wide as it likes.
struct Table {
    /// One cell.
    struct Cell {
        let text: String
        let colour: Terminal.Colour?

        init(_ text: String, _ colour: Terminal.Colour? = nil) {
            self.text = text
            self.colour = colour
        }
    }

    private var rows: [[Cell]]

    init(header: [String]) {
        rows = [header.map { Cell($0, .bold) }]
    }

    mutating func add(_ row: [Cell]) {
        rows.append(row)
    }

    /// The whole table, a line each row.
    func rendered() -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.count > column ? $0[column].text.count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let isLast = column == row.count - 1
                let padding = isLast ? 0 : widths[column] - cell.text.count + 2
                let text = cell.colour.map { Terminal.paint(cell.text, $0, on: .output) } ?? cell.text
                return text + String(repeating: " ", count: padding)
            }.joined() + "\n"
        }.joined()
    }
}
