internal import FoundationEssentials
internal import Rotation
public import Settings
internal import SinkCore

extension Fleet {
    /// Every credential of the targets, or of all that is configured: when it expires and what is left to do.
    ///
    /// - Throws: ``FleetError``, `JournalError`.
    public func status(_ targets: [Target]) async throws -> StatusReport {
        let survey = try await survey(targets)
        let azure = try account.adapter()
        let results = await bounded(survey.groups, configuration.concurrency) { group in
            await self.lines(of: group, azure)
        }
        var report = StatusReport(credentials: [], skipped: survey.skipped)
        for (group, result) in zip(survey.groups, results) {
            switch result {
            case .success(let lines): report.credentials += lines
            case .failure(let error):
                guard case .failure(let kind) = error.code, kind == .notFound || kind == .forbidden else {
                    throw error
                }
                report.skipped += group.members.map {
                    .init(
                        cluster: $0.name, credential: $0.kind.rawValue,
                        reason: kind == .notFound ? .notFound : .forbidden, detail: error.message)
                }
            }
        }
        return report
    }

    private func lines(
        of group: IdentityGroup, _ azure: AzureAdapter
    ) async -> Result<[StatusReport.Line], FleetError> {
        do {
            let planner = try await planner(group, azure, nil)
            return .success(group.members.map { planner.line($0, now: Date()) })
        } catch let error as FleetError {
            return .failure(error)
        } catch {
            return .failure(FleetError(Failure(error)))
        }
    }
}

extension Planner {
    /// The status of one of the group's credentials.
    fileprivate func line(_ member: Member, now: Date) -> StatusReport.Line {
        let shared =
            group.members.filter { $0.target != member.target }.map(\.name) + group.others.map(\.name)
        return StatusReport.Line(
            cluster: member.name, credential: member.kind.rawValue, appId: group.appId,
            keyId: ledger.current?.keyId, notAfter: notAfter.map(Timestamp.text),
            daysLeft: notAfter.map { Int(($0.timeIntervalSince(now) / 86_400).rounded(.down)) },
            state: state(now), sharedWith: shared, sinks: member.entry.sinks.map(\.value),
            apply: member.entry.applies, others: others, reason: unfinishedReason)
    }

    private var unfinishedReason: String? {
        guard let record = ledger.unfinished else { return nil }
        if case .unfinished(let failure) = record.outcome { return failure.message }
        return "it was interrupted at the step \(record.step.rawValue)"
    }

    private func state(_ now: Date) -> StatusReport.Line.State {
        if let notAfter, notAfter <= now { return .expired }
        if ledger.unfinished != nil { return .unfinished }
        if isDue(at: now) { return .due }
        let duties = ledger.open.compactMap(\.nextDuty)
        return duties.contains { $0 <= now } ? .retireDue : .ok
    }

    /// The identity's credentials beside the one in use.
    private var others: [StatusReport.Other] {
        facts.credentials.compactMap { credential in
            func other(_ added: String, _ state: String, _ moment: Date? = nil) -> StatusReport.Other {
                .init(
                    keyId: credential.keyId, displayName: credential.displayName,
                    notAfter: Timestamp.text(credential.notAfter), added: added, state: state,
                    retireNotBefore: moment.map(Timestamp.text), object: credential.object.rawValue)
            }
            switch ledger.standing(of: credential) {
            case .current: return nil
            case .underWay: return other("credferry", "lost")
            case .superseded(let moment):
                return other(ledger.isOurs(credential) ? "credferry" : "other", "superseded", moment)
            case .lost: return other("credferry", "lost")
            case .foreign: return other("other", "foreign")
            }
        }
    }
}
