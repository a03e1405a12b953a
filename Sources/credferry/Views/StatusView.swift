import Fleet
import FoundationEssentials
import SinkCore

/// The report of `status` as text.
struct StatusView {
    let report: StatusReport

    var text: String {
        var text = ""
        if !report.credentials.isEmpty {
            var table = Table(header: ["CREDENTIAL", "STATE", "EXPIRES", "DAYS", "SINKS", "IDENTITY"])
            for line in report.credentials { table.add(row(line)) }
            text += table.rendered()
        }
        for line in report.credentials { text += notes(line) }
        for skip in report.skipped {
            text += "\(skip.cluster)/\(skip.credential): nothing to rotate: \(skip.words)\n"
        }
        return text.isEmpty ? "nothing is configured\n" : text
    }

    private func row(_ line: StatusReport.Line) -> [Table.Cell] {
        let colour: Terminal.Colour =
            switch line.state {
            case .expired, .unfinished: .bad
            case .due, .retireDue: .warning
            case .ok: .good
            }
        return [
            .init("\(line.cluster)/\(line.credential)"), .init(line.state.rawValue, colour),
            .init(line.notAfter ?? "-"), .init(line.daysLeft.map(String.init) ?? "-"),
            .init(line.sinks.joined(separator: ",")), .init(line.appId),
        ]
    }

    private func notes(_ line: StatusReport.Line) -> String {
        let target = "\(line.cluster)/\(line.credential)"
        var notes: [String] = []
        if let reason = line.reason { notes.append("unfinished: \(reason); `credferry resume` goes on") }
        if !line.sharedWith.isEmpty { notes.append("shared with \(line.sharedWith.joined(separator: ", "))") }
        if !line.apply {
            notes.append(
                "delivered only: a pipeline applies it, and earlier credentials retire by the overlap alone")
        }
        for other in line.others {
            let name = other.displayName.map { " (\($0))" } ?? ""
            let place =
                other.object == "servicePrincipal"
                ? " on the service principal, where the portal does not show it" : ""
            let what =
                switch other.state {
                case "superseded":
                    "superseded, retires "
                        + (other.retireNotBefore.map { "not before \($0)" } ?? "after the overlap")
                case "lost": "lost, goes with the next resume"
                default:
                    "not added by credferry; to retire it: credferry retire \(target) --adopt \(other.keyId)"
                }
            notes.append("credential \(other.keyId)\(name)\(place), valid until \(other.notAfter): \(what)")
        }
        return notes.map { "\(target): \(Terminal.oneLine($0))\n" }.joined()
    }
}

extension StatusReport.Line {
    /// Whether the credential expires within `seconds` from now.
    func expires(within seconds: TimeInterval) -> Bool {
        guard let notAfter, let date = Timestamp.date(notAfter) else { return false }
        return date <= Date() + seconds
    }
}
