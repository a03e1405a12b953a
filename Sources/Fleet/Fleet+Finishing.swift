internal import FoundationEssentials
internal import Journal
internal import Rotation
public import Settings
internal import SinkCore

extension Fleet {
    /// Finishes unfinished rotations, and retires what is due.
    ///
    /// The records say all that is needed, so a target that is no longer configured is finished, too.
    ///
    /// - Parameters:
    ///   - targets: what to finish; everything in the journal where empty.
    ///   - consented: an administrator has consented to what a new server application needs.
    /// - Throws: ``FleetError``, `JournalError`.
    public func resume(_ targets: [Target], consented: Bool = false) async throws -> [RotationReport] {
        if !targets.isEmpty { _ = try Selection(targets, of: configuration) }
        let journal = try journal()
        let open = try journal.openRecords().filter { $0.concerns(targets) }
        let results = await bounded(Self.connected(open), configuration.concurrency) { appIds in
            await self.finish(appIds, targets, journal, consented ? .consented : .resume)
        }
        return results.flatMap { $0 }
    }

    private func finish(
        _ appIds: [String], _ targets: [Target], _ journal: Journal, _ event: Event
    ) async -> [RotationReport] {
        do {
            let locks = try hold(appIds, journal)
            defer { withExtendedLifetime(locks) {} }
            let records = Ledger(try Self.records(of: appIds, journal)).duties
                .filter { $0.concerns(targets) }
            var reports: [RotationReport] = []
            for record in records {
                let isDue = record.isUnfinished || record.nextDuty.map { $0 <= Date() } == true
                let after =
                    isDue
                    ? try await driver(record, target: record.target).run(record, event) : record
                reports += self.reports(after, isUnchanged: !isDue)
            }
            return reports
        } catch {
            return blocked(appIds, Failure(error), journal)
        }
    }

    /// What could not be looked at again keeps the outcome that its record has.
    private func blocked(_ appIds: [String], _ failure: Failure, _ journal: Journal) -> [RotationReport] {
        let ledger = Ledger((try? Self.records(of: appIds, journal)) ?? [])
        guard let record = ledger.unfinished ?? ledger.latest else { return [] }
        return reports(record, isUnchanged: false).map { report in
            var report = report
            report.outcome = record.isUnfinished && failure.kind != .contended ? .unfinished : .blocked
            (report.reason, report.hint, report.failure) = (failure.message, failure.hint, failure.kind)
            return report
        }
    }

    /// One report for each credential of a cluster that `record` delivers.
    private func reports(_ record: RotationRecord, isUnchanged: Bool) -> [RotationReport] {
        var seen: Set<String> = []
        return record.plan.deliveries.filter { seen.insert("\($0.cluster)/\($0.kind.rawValue)").inserted }
            .map { delivery in
                let settings = configuration.clusters.first { $0.name.value == delivery.cluster }
                var report = RotationReport(
                    record, cluster: delivery.cluster, kind: delivery.kind, applies: settings?.apply ?? true)
                if isUnchanged { report.outcome = .unchanged }
                return report
            }
    }

    /// Retires superseded credentials whose overlap is over.
    ///
    /// - Parameters:
    ///   - keyIds: credentials that credferry did not add, to be taken in (R5).
    ///   - former: what becomes of an identity whose place another has taken, once nothing needs it.
    /// - Throws: ``FleetError`` where the targets do not exist.
    public func retire(
        _ targets: [Target], adopting keyIds: [String] = [], former: FormerIdentity = .keep
    ) async throws -> [RotationReport] {
        let survey = try await survey(targets)
        let azure = try account.adapter()
        let results = await bounded(try joined(survey.groups), configuration.concurrency) { group in
            await Self.outcome(group) {
                let locks = try self.hold([group.appId], try self.journal())
                defer { withExtendedLifetime(locks) {} }
                let planner = try await self.planner(group, azure, nil)
                let record = try Self.retirable(planner, keyIds)
                let after = try await self.driver(record, target: group.lead.target)
                    .run(record, keyIds.isEmpty ? .resume : .adopt(keyIds))
                let settled = try await self.settle(former, of: group, azure)
                return planner.reports(after).map { report in
                    var report = report
                    report.formerIdentity = settled
                    if report.outcome == .rotated, record.retirements == after.retirements, settled == nil {
                        report.outcome = .unchanged
                    }
                    return report
                }
            }
        }
        return try Self.merge(results)
    }

    /// The rotation that retires, once what the operator wants adopted has been checked.
    private static func retirable(_ planner: Planner, _ keyIds: [String]) throws(Failure) -> RotationRecord {
        guard planner.ledger.unfinished == nil, let record = planner.ledger.latest else {
            throw Failure(
                .invalid,
                planner.ledger.unfinished == nil
                    ? "credferry has not rotated \(planner.group.lead.target) yet, so nothing is superseded"
                    : "a rotation of \(planner.group.lead.target) is unfinished, and nothing is retired before it is",
                hint: planner.ledger.unfinished == nil
                    ? "run `credferry rotate \(planner.group.lead.target)` first"
                    : "run `credferry resume`")
        }
        for keyId in keyIds {
            if keyId.lowercased() == record.current?.keyId?.lowercased() {
                throw Failure(
                    .invalid, "credential \(keyId) is the one in use, and is not retired",
                    hint: "rotate, and it retires after the overlap")
            }
            guard planner.facts.credentials.contains(where: { $0.keyId == keyId }) else {
                throw Failure(
                    .notFound, "identity \(planner.group.appId) has no credential \(keyId)",
                    hint: "`credferry status` lists what it has")
            }
        }
        return record
    }
}

extension RotationRecord {
    /// The target that progress is shown under.
    var target: String {
        plan.deliveries.first.map { "\($0.cluster)/\($0.kind.rawValue)" } ?? plan.identity.appId
    }

    /// Whether one of `targets` is about it; all are where there are none.
    func concerns(_ targets: [Target]) -> Bool {
        targets.isEmpty
            || plan.deliveries.contains { delivery in
                targets.contains {
                    $0.name == delivery.cluster && ($0.kind == nil || $0.kind == delivery.kind)
                }
            }
    }
}
