internal import FoundationEssentials
internal import Journal
internal import Rotation
internal import SecretMemory
public import Settings
internal import SinkCore

extension Fleet {
    /// Gives a cluster the secret that a sink holds.
    ///
    /// Entra has to accept it first (R3). A crash leaves a rotation that `resume` finishes; a secret that is not
    /// credferry's leaves nothing but audit records, and is simply applied again.
    ///
    /// - Parameters:
    ///   - sink: which of the sinks; the first of the target's that can be read where `nil`.
    /// - Throws: ``FleetError``, `JournalError`; then nothing was changed.
    public func apply(_ target: Target, from sink: String?) async throws -> [RotationReport] {
        let source = try source(target)
        guard source.kind != .application else {
            throw FleetError(
                .unknownName, "\(target.name) is an identity without a cluster: there is nothing to apply to",
                hint: "name a cluster")
        }
        let survey = try await survey([target])
        let azure = try account.adapter()
        let isMeant = { (member: Member) in member.name == target.name && member.kind == source.kind }
        guard let group = survey.groups.first(where: { $0.members.contains(where: isMeant) }),
            let member = group.members.first(where: isMeant), let consumer = member.consumer
        else { return skipped(survey, unlessDueOnly: false).filter { $0.credential == source.kind.rawValue } }
        let reading = try await read(target, from: sink)
        let results = await Self.outcome(IdentityGroup(appId: group.appId, members: [member], others: [])) {
            let journal = try self.journal()
            let lock = try IdentityLock(group.appId, in: journal.folder)
            defer { withExtendedLifetime(lock) {} }
            let planner = try await self.planner(group, azure, nil)
            let candidate = try await self.candidate(reading, planner, journal.fingerprintKey)
            try await Self.prove(reading, candidate, planner, azure)
            let name = try self.sinks.name(of: member.templateValues, in: reading.sink)
            let record = candidate.record(
                planner,
                Delivery(
                    sink: reading.sink, name: name, cluster: member.name, kind: member.kind,
                    clientAppId: member.clientAppId, isReadable: true),
                consumer)
            let driver = try self.driver(record, target: member.target, journal: candidate.journal(journal))
            let after = try await driver.run(record, .resume)
            var report = RotationReport(after, cluster: member.name, kind: member.kind, applies: true)
            if !candidate.isRecorded, report.outcome == .unfinished {
                // Nothing of it is in the journal, so there is nothing to resume.
                (report.outcome, report.hint) = (.failed, "mend that, and apply again")
            }
            return [report]
        }
        return try results.get()
    }

    /// What the secret is to credferry.
    private func candidate(
        _ reading: borrowing Reading, _ planner: Planner, _ key: FingerprintKey
    ) async throws(Failure) -> Candidate {
        let (ledger, metadata) = (planner.ledger, reading.stored.metadata)
        guard ledger.unfinished == nil else {
            throw Failure(
                .invalid, "a rotation of \(planner.group.lead.target) is unfinished",
                hint: "run `credferry resume`: it applies the new secret")
        }
        if let appId = metadata?.appId, appId.lowercased() != planner.group.appId {
            throw Failure(
                .mismatch,
                "sink \(reading.sink) holds a secret of application \(appId), and the cluster has \(planner.group.appId)",
                hint: "read another sink with --from")
        }
        let fingerprint = key.fingerprint(of: reading.stored.secret)
        let isCurrent = ledger.current?.fingerprint == fingerprint
        let keyId = metadata?.keyId ?? (isCurrent ? ledger.current?.keyId : nil)
        let listed = planner.facts.credentials.first { $0.keyId == keyId }
        if let listed, listed.keyId != ledger.current?.keyId {
            switch ledger.standing(of: listed) {
            case .superseded, .lost:
                throw Failure(
                    .mismatch,
                    "sink \(reading.sink) holds credential \(listed.keyId), which is to be retired",
                    hint: "apply the current one, \(ledger.current?.keyId ?? "?"), from a sink that has it")
            case .current, .underWay, .foreign: break
            }
        }
        let isOurs =
            listed.map { ledger.isOurs($0) || RotationRecord.isName($0.displayName) } ?? false
        let takesOver = isOurs && (ledger.current == nil || ledger.current?.keyId == keyId)
        return Candidate(
            keyId: takesOver ? keyId : nil, listed: listed,
            notAfter: listed?.notAfter ?? metadata?.notAfter ?? .distantFuture, fingerprint: fingerprint)
    }

    /// Asks Entra whether it accepts the secret.
    ///
    /// Where somebody has added a credential lately, its replicas may not know it yet: that is waited for. What a
    /// rotation of this journal has delivered was proved then.
    private static func prove(
        _ reading: borrowing Reading, _ candidate: Candidate, _ planner: Planner, _ azure: AzureAdapter
    ) async throws(Failure) {
        let youngest = planner.facts.credentials.map(\.notBefore).max() ?? .distantPast
        let isKnown = planner.ledger.current?.keyId == candidate.listed?.keyId && candidate.listed != nil
        let deadline = isKnown ? Date() : youngest + planner.policy.proofTimeout
        var delay = 0.5
        while true {
            let failure: Failure
            do throws(Failure) {
                return try await azure.prove(reading.stored.secret, of: planner.facts.identity)
            } catch {
                guard error.kind == .notPropagated else { throw error }
                failure = error
            }
            guard Date() + delay < deadline, (try? await Task.sleep(for: .seconds(delay))) != nil else {
                throw Failure(
                    .invalid,
                    "Entra does not accept the secret that sink \(reading.sink) holds: \(failure.message)",
                    hint: "read another sink with --from, or rotate")
            }
            delay = min(delay * 2, 8)
        }
    }
}

/// A secret that a sink holds, and what it is to credferry.
private struct Candidate {
    /// Its credential, where credferry added it and it is the one in use, or becomes it.
    let keyId: String?
    let listed: Listed?
    let notAfter: Date
    let fingerprint: Fingerprint
    /// Whether the journal keeps a record of it: what is not credferry's must never count as a predecessor (R5).
    var isRecorded: Bool { keyId != nil }

    func record(_ planner: Planner, _ delivery: Delivery, _ consumer: Consumer) -> RotationRecord {
        let now = Date()
        var policy = planner.policy
        // What waits for the end of an overlap waits as long as it was told to.
        policy.overlap = planner.ledger.open.map(\.plan.policy.overlap).reduce(policy.overlap, max)
        return RotationRecord.applying(
            id: RotationRecord.makeId(),
            plan: Plan(
                identity: planner.facts.identity, consumers: [consumer], deliveries: [delivery],
                policy: policy,
                predecessors: isRecorded ? planner.ledger.predecessors.filter { $0 != keyId } : [],
                lostNames: isRecorded ? planner.ledger.lostNames : []),
            keyId: keyId, displayName: listed?.displayName, notBefore: listed?.notBefore ?? now,
            notAfter: notAfter, fingerprint: fingerprint, startedAt: planner.ledger.start(at: now))
    }

    func journal(_ journal: Journal) -> any RotationJournal {
        isRecorded ? journal : AuditOnly(journal: journal)
    }
}

/// A journal that keeps what was done, and no record of a rotation.
private struct AuditOnly: RotationJournal {
    let journal: Journal

    var fingerprintKey: FingerprintKey { journal.fingerprintKey }

    func save(_ record: RotationRecord, entries: [HistoryEntry]) throws {
        guard !entries.isEmpty else { return }
        try journal.note(entries, of: record.plan.identity.appId)
    }
}
