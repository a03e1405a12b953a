import Fleet

/// The report of `doctor` as text.
struct CheckView {
    let report: CheckReport

    var text: String {
        report.checks.map(block).joined() + summary + "\n"
    }

    private func block(_ line: CheckReport.Line) -> String {
        let (word, colour): (String, Terminal.Colour) =
            switch line.outcome {
            case .ok: ("ok", .good)
            case .warning: ("warning", .warning)
            case .fault: ("fault", .bad)
            }
        let mark = Terminal.paint(word, colour, on: .output) + String(repeating: " ", count: 9 - word.count)
        let subject = Terminal.oneLine(line.subject)
        var text = "\(mark)\(line.check.rawValue) \(subject): \(Terminal.oneLine(line.message))\n"
        if let hint = line.hint { text += "         \(Terminal.oneLine(hint))\n" }
        return text
    }

    private var summary: String {
        let faults = report.checks.filter { $0.outcome == .fault }.count
        switch faults {
        case 0: return "nothing stands in a rotation's way"
        case 1: return "1 fault stands in a rotation's way"
        default: return "\(faults) faults stand in a rotation's way"
        }
    }
}
