internal import FoundationEssentials
internal import Rotation
internal import Settings
internal import SinkCore

/// One identity and all that is known of it: what a rotation of it would do.
struct Planner: Sendable {
    let group: IdentityGroup
    let facts: IdentityFacts
    let ledger: Ledger
    let policy: Policy

    init(_ group: IdentityGroup, _ facts: IdentityFacts, _ ledger: Ledger, overlap: TimeInterval?) {
        self.group = group
        self.facts = facts
        self.ledger = ledger
        policy = group.policy(overlap: overlap)
    }

    /// When the secret in use expires: that of the credential applied last, or the latest of the identity's
    /// where credferry never rotated it.
    var notAfter: Date? {
        let current = ledger.current.flatMap { current in
            facts.credentials.first { $0.keyId == current.keyId }?.notAfter ?? current.notAfter
        }
        return current ?? facts.credentials.map(\.notAfter).max()
    }

    /// Whether the policy wants it rotated by `now`; what has no credential at all is due, too.
    func isDue(at now: Date) -> Bool {
        notAfter.map { $0 <= now + policy.rotateWithin } ?? true
    }

    /// The identity's credentials that credferry did not add and that nobody has adopted (R5).
    var foreign: [Listed] {
        facts.credentials.filter { ledger.standing(of: $0) == .foreign }
    }

    /// What a rotation sets out to do.
    ///
    /// - Throws: ``FleetError/Code/configuration`` where a sink's template asks for what is not known.
    func plan(_ sinks: SinkSet, replacement: Replacement? = nil) throws(FleetError) -> Plan {
        var deliveries: [Delivery] = []
        for member in group.members {
            for sink in member.entry.sinks {
                let name = try sinks.name(of: member.templateValues, in: sink.value)
                deliveries.append(
                    Delivery(
                        sink: sink.value, name: name, cluster: member.name, kind: member.kind,
                        clientAppId: member.clientAppId, isReadable: sinks.isReadable(sink.value)))
            }
        }
        return Plan(
            identity: facts.identity, consumers: group.consumers, deliveries: deliveries, policy: policy,
            predecessors: ledger.predecessors, lostNames: ledger.lostNames, replacement: replacement)
    }

    // MARK: Reports

    /// The reports of what `plan` would do, one a member.
    func reports(_ plan: Plan) -> [RotationReport] {
        group.members.map { member in
            var report = RotationReport(cluster: member.name, credential: member.kind, outcome: .planned)
            report.appId = plan.identity.appId
            report.replacement = .init(plan)
            report.sinks = plan.deliveries
                .filter { $0.cluster == member.name && $0.kind == member.kind }
                .map { .init(sink: $0.sink, outcome: "planned", version: nil, name: $0.name, reason: nil) }
            report.consumers = plan.consumers.map { .init(cluster: $0.name, outcome: "planned", reason: nil) }
            if !member.entry.applies {
                report.consumers.append(.init(cluster: member.name, outcome: "delivered-only", reason: nil))
            }
            report.retire = .init(keyIds: plan.predecessors, notBefore: nil, done: plan.predecessors.isEmpty)
            if let unfinished = ledger.unfinished {
                report.reason =
                    "a rotation stands still at the step \(unfinished.step.rawValue); it is finished first"
            }
            return note(report)
        }
    }

    /// The reports of what has become of `record`, one a member.
    func reports(_ record: RotationRecord) -> [RotationReport] {
        group.members.map { member in
            note(
                RotationReport(
                    record, cluster: member.name, kind: member.kind, applies: member.entry.applies))
        }
    }

    /// The reports of a group that is left as it is.
    func reports(_ outcome: RotationReport.Outcome, because failure: Failure) -> [RotationReport] {
        group.reports(outcome, because: failure).map(note)
    }

    private func note(_ report: RotationReport) -> RotationReport {
        var report = report
        let retiring = Set(report.retire?.keyIds ?? [])
        report.foreign = foreign.filter { !retiring.contains($0.keyId) && $0.keyId != report.keyId }
            .map {
                .init(keyId: $0.keyId, displayName: $0.displayName, notAfter: Timestamp.text($0.notAfter))
            }
        return report
    }
}

extension IdentityGroup {
    /// The reports of a group that is left as it is, one a member.
    func reports(_ outcome: RotationReport.Outcome, because failure: Failure) -> [RotationReport] {
        members.map { member in
            var report = RotationReport(cluster: member.name, credential: member.kind, outcome: outcome)
            report.appId = appId
            report.reason = failure.message
            report.hint = failure.hint
            report.failure = outcome == .unchanged ? nil : failure.kind
            return report
        }
    }
}
