import Fleet

/// A rotation's report as text.
struct RotationView {
    let report: RotationReport

    var text: String {
        var lines = [title]
        func line(_ name: String, _ text: String) {
            lines.append("  " + name.padding(to: 10) + "  " + Terminal.oneLine(text))
        }
        if let appId = report.appId { line("identity", appId) }
        if let replacement = report.replacement {
            line("replaces", "\(replacement.formerAppId), by \(replacement.displayName)")
            for role in replacement.roles { line("role", "\(role.role) over \(role.scope)") }
            if let client = replacement.clientDisplayName { line("client", client) }
            if let consent = replacement.consent { line("consent", consent) }
            if replacement.roles.isEmpty, replacement.clientDisplayName == nil {
                line("role", "none: the old identity has none here")
            }
            if let advice = replacement.advice { line("wait", advice) }
        }
        if let former = report.formerIdentity { line("old", "the identity that was replaced is \(former)") }
        if let keyId = report.keyId {
            line("credential", keyId + (report.notAfter.map { ", valid until \($0)" } ?? ""))
        }
        for sink in report.sinks {
            let version = sink.version.map { " (version \($0))" } ?? ""
            line("sink", "\(sink.sink): \(sink.outcome), \(sink.name)\(version)" + reason(sink.reason))
        }
        for consumer in report.consumers {
            line("cluster", "\(consumer.cluster): \(consumer.outcome)" + reason(consumer.reason))
        }
        for look in report.preflight ?? [] { line("", describe(look)) }
        if let retire = report.retire, !retire.keyIds.isEmpty {
            let keyIds = retire.keyIds.joined(separator: ", ")
            switch (retire.done, retire.notBefore) {
            case (true, _): line("retired", keyIds)
            case (false, let moment?):
                line("retires", "\(keyIds), not before \(moment); `credferry resume` does it then")
            case (false, nil): line("retires", "\(keyIds), once the overlap is over")
            }
        }
        for foreign in report.foreign {
            let name = foreign.displayName.map { " (\($0))" } ?? ""
            line(
                "not ours",
                "\(foreign.keyId)\(name), valid until \(foreign.notAfter): credferry did not add it and leaves it alone"
            )
        }
        if let first = report.foreign.first, report.outcome == .rotated || report.outcome == .planned {
            line("", "to retire it: credferry retire \(target) --adopt \(first.keyId)")
        }
        if let reason = report.reason { line("reason", reason) }
        if let hint = report.hint { line("", hint) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What applying means for a cluster, as Microsoft's article warns.
    private func describe(_ look: Preflight) -> String {
        let pools = look.nodePools.map { pool in
            "\(pool.name) (\(pool.nodes), max surge \(pool.maxSurge ?? "AKS's default"))"
        }
        let nodes = look.nodePools.map(\.nodes).reduce(0, +)
        let permission =
            switch look.permission {
            case .granted: ""
            case .missing: "; the account may not apply"
            case .unknown: "; whether the account may apply is not known"
            }
        return "\(look.cluster) re-images \(nodes) nodes: \(pools.joined(separator: ", ")); "
            + "some \(look.minutes) minutes"
            + (look.isBusy ? "; first it waits for an operation (\(look.provisioningState))" : "")
            + permission
    }

    private var target: String { "\(report.cluster)/\(report.credential)" }

    private var title: String {
        let colour: Terminal.Colour =
            switch report.outcome {
            case .rotated, .planned: .good
            case .unchanged: .faint
            case .unfinished: .warning
            case .blocked, .failed: .bad
            }
        return "\(Terminal.paint(target, .bold, on: .output))  "
            + Terminal.paint(report.outcome.rawValue, colour, on: .output)
    }

    private func reason(_ reason: String?) -> String { reason.map { ": \($0)" } ?? "" }
}
