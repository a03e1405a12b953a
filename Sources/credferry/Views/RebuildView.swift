import Fleet

/// The report of `doctor --rebuild-journal` as text.
struct RebuildView {
    let report: RebuildReport

    var text: String {
        guard report.rebuilt else { return "the journal is sound, and was left as it is\n" }
        var table = Table(header: ["TARGET", "CREDENTIAL", "STATE", "SINKS", "NEXT"])
        for line in report.credentials {
            table.add([
                .init("\(line.cluster)/\(line.credential)"), .init(line.keyId ?? "-"),
                .init(line.state.rawValue, colour(line.state)),
                .init(line.sinks.isEmpty ? "-" : line.sinks.joined(separator: ",")), .init(next(line)),
            ])
        }
        let damaged = report.damaged.map { "the damaged one is kept in \($0)\n" } ?? ""
        return "the journal was rebuilt\n" + damaged + (report.credentials.isEmpty ? "" : table.rendered())
    }

    private func next(_ line: RebuildReport.Line) -> String {
        switch line.state {
        case .applied: "-"
        case .unfinished: "credferry resume"
        case .unknown: "credferry rotate \(line.cluster)/\(line.credential)"
        }
    }

    private func colour(_ state: RebuildReport.Line.State) -> Terminal.Colour {
        switch state {
        case .applied: .good
        case .unfinished: .warning
        case .unknown: .faint
        }
    }
}
