import Fleet
import FoundationEssentials
import Journal
import SinkCore

/// The report of `history` as text.
struct HistoryView {
    let report: HistoryReport
    let isVerbose: Bool

    var text: String {
        guard !report.rotations.isEmpty || !report.entries.isEmpty else { return "nothing was done yet\n" }
        if isVerbose { return entries }
        var table = Table(header: ["STARTED", "TARGET", "OUTCOME", "CREDENTIAL", "BY", "REASON"])
        for line in report.rotations {
            table.add([
                .init(line.startedAt), .init(line.targets.joined(separator: ",")),
                .init(line.outcome, colour(line.outcome)), .init(line.keyId ?? "-"),
                .init(line.entries.first?.caller.map { "\($0.user)@\($0.host)" } ?? "-"),
                .init(line.reason.map(Terminal.oneLine) ?? ""),
            ])
        }
        return report.rotations.isEmpty ? entries : table.rendered()
    }

    /// Every entry, in the chain's order.
    private var entries: String {
        var table = Table(header: ["RECORD", "AT", "WHAT", "TARGET", "CREDENTIAL", "BY", "DETAIL"])
        var lines = report.entries.map { ($0, $0.cluster ?? $0.appId) }
        for line in report.rotations {
            lines += line.entries.map { ($0, $0.cluster ?? line.targets.first ?? line.appId) }
        }
        for (entry, target) in lines.sorted(by: { $0.0.number < $1.0.number }) {
            let detail = [entry.sink.map { "sink \($0)" }, entry.detail].compactMap { $0 }
            table.add([
                .init("\(entry.number)"), .init(Timestamp.text(entry.at)),
                .init(Terminal.oneLine(entry.what)),
                .init(Terminal.oneLine(target)), .init(entry.keyId.map(Terminal.oneLine) ?? "-"),
                .init(entry.caller.map { "\($0.user)@\($0.host):\($0.process)" } ?? "-"),
                .init(Terminal.oneLine(detail.joined(separator: ", "))),
            ])
        }
        return table.rendered()
    }

    private func colour(_ outcome: String) -> Terminal.Colour? {
        switch outcome {
        case "rotated": .good
        case "failed": .bad
        case "unfinished": .warning
        default: .faint
        }
    }
}
