internal import FoundationEssentials
internal import Journal
internal import Rotation
internal import SecretMemory
internal import Settings
internal import SinkCore

extension Fleet {
    /// Makes a new journal of what Azure and the sinks say, where the old one is damaged or lost.
    ///
    /// The current credential of an identity is the latest that is named by a sink, is listed in the directory, and
    /// whose secret, as the sink holds it, Entra accepts. What has a name as only credferry gives it is taken for
    /// credferry's (R5). What was configured once and is not any more is forgotten.
    ///
    /// - Returns: what was found; a journal that is sound is left as it is.
    /// - Throws: ``FleetError`` or `JournalError` where anything that the new journal must know cannot be found out;
    ///   then nothing is changed.
    public func rebuildJournal() async throws -> RebuildReport {
        let folder = try StateFolder(at: configuration.state)
        if try hasJournal && isSound(folder) {
            return RebuildReport(rebuilt: false, damaged: nil, credentials: [])
        }
        let survey = try await survey([])
        let azure = try account.adapter()
        for skip in survey.skipped where skip.reason == .forbidden || skip.reason == .stopped {
            throw FleetError(
                .failure(skip.reason == .forbidden ? .forbidden : .clusterStopped),
                "cluster \(skip.cluster): \(skip.words), so nobody can say what was rotated there",
                hint: "mend that, or take it out of the configuration")
        }
        let rebuild = try JournalRebuild(in: folder)
        let found = await bounded(survey.groups, configuration.concurrency) { group in
            do {
                return Result<Finding, any Error>.success(
                    try await self.find(group, azure, rebuild.fingerprintKey))
            } catch {
                return .failure(error)
            }
        }
        let findings = try found.map { try $0.get() }
        for finding in findings {
            guard let record = finding.record else { continue }
            try rebuild.save(
                record,
                entries: [
                    HistoryEntry(
                        at: record.startedAt, what: "rebuilt", keyId: record.current?.keyId,
                        detail: "from what Azure and the sinks say, at the step \(record.step.rawValue)")
                ])
        }
        return RebuildReport(
            rebuilt: true, damaged: try rebuild.finish(), credentials: findings.flatMap(\.lines))
    }

    /// Whether the journal can be used as it is.
    ///
    /// - Throws: `JournalError` where that has nothing to do with its content.
    private func isSound(_ folder: StateFolder) throws(JournalError) -> Bool {
        do throws(JournalError) {
            _ = try Journal(in: folder)
            return try Journal.verifyAudit(in: folder).fault == nil
        } catch {
            guard error.code == .corrupt else { throw error }
            return false
        }
    }

    /// What Azure and the sinks say of one identity.
    private func find(
        _ group: IdentityGroup, _ azure: AzureAdapter, _ key: FingerprintKey
    ) async throws -> Finding {
        let planner = Planner(group, try await facts(of: group, azure), Ledger([]), overlap: nil)
        let plan = try planner.plan(sinks)
        var held: [Held] = []
        for (index, delivery) in plan.deliveries.enumerated() where delivery.isReadable {
            if let one = try await read(delivery, index, of: group) { held.append(one) }
        }
        let now = Date()
        let valid = planner.facts.credentials.filter { $0.notAfter > now }
        for credential in valid.sorted(by: { $0.notBefore > $1.notBefore }) {
            guard let source = held.first(where: { $0.keyId == credential.keyId }),
                try await accepts(source.secret, plan.identity, azure)
            else { continue }
            let others = planner.facts.credentials.filter { $0.keyId != credential.keyId }
            let ours = others.filter { RotationRecord.isName($0.displayName) }.map(\.keyId)
            let record = RotationRecord.recovered(
                id: RotationRecord.makeId(),
                plan: Plan(
                    identity: plan.identity, consumers: plan.consumers, deliveries: plan.deliveries,
                    policy: plan.policy, predecessors: ours),
                credential: credential, fingerprint: key.fingerprint(of: source.secret.secret),
                delivered: Set(
                    held.filter { $0.secret.secret.isEqual(to: source.secret.secret) }.map(\.index)),
                hasRivals: valid.count > 1, at: now)
            return Finding(planner: planner, record: record)
        }
        return Finding(planner: planner, record: nil)
    }

    /// What one sink holds; `nil` where it is nothing, or not of this identity.
    private func read(
        _ delivery: Delivery, _ index: Int, of group: IdentityGroup
    ) async throws -> Held? {
        do {
            let stored = try await sinks.sink(delivery.sink).get(delivery.name)
            if let appId = stored.metadata?.appId, appId.lowercased() != group.appId { return nil }
            return Held(
                index: index, keyId: stored.metadata?.keyId, secret: SharedSecret(stored.secret.clone()))
        } catch let error as SinkError {
            if error.code == .notFound { return nil }
            throw FleetError(Failure(error, sink: delivery.sink))
        }
    }

    private func accepts(
        _ secret: SharedSecret, _ identity: Identity, _ azure: AzureAdapter
    ) async throws -> Bool {
        do throws(Failure) {
            try await azure.prove(secret.secret, of: identity)
            return true
        } catch {
            guard error.kind == .notPropagated else { throw error }
            return false
        }
    }
}

/// What one sink holds.
private struct Held: Sendable {
    /// The delivery's place in the plan.
    let index: Int
    /// The credential that the sink names; `nil` where it keeps the secret alone.
    let keyId: String?
    let secret: SharedSecret
}

/// What there is of one identity.
private struct Finding: Sendable {
    let planner: Planner
    let record: RotationRecord?

    /// One line for each of its members.
    var lines: [RebuildReport.Line] {
        planner.group.members.map { member in
            let state: RebuildReport.Line.State =
                record.map { $0.isUnfinished ? .unfinished : .applied } ?? .unknown
            let retire = record?.plan.predecessors ?? []
            let known = retire + [record?.current?.keyId].compactMap { $0 }
            return RebuildReport.Line(
                cluster: member.name, credential: member.kind.rawValue, appId: planner.group.appId,
                keyId: record?.current?.keyId, state: state, sinks: sinks(of: member), retire: retire,
                foreign: planner.facts.credentials.map(\.keyId).filter { !known.contains($0) })
        }
    }

    private func sinks(of member: Member) -> [String] {
        guard let record else { return [] }
        return zip(record.plan.deliveries, record.deliveries).filter { delivery, state in
            delivery.cluster == member.name && delivery.kind == member.kind && state.stage == .confirmed
        }.map(\.0.sink)
    }
}
