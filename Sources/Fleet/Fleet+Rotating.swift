public import FoundationEssentials
internal import Journal
internal import Rotation
public import Settings
internal import SinkCore

extension Fleet {
    /// What ``rotate(_:onlyDue:overlap:waitsForOverlap:replacing:)`` would do, and why; changes nothing.
    ///
    /// - Parameters:
    ///   - targets: what to plan for; everything that is configured where empty.
    ///   - overlap: in place of the policy's, in seconds.
    ///   - replacing: plans for a new identity in place of each.
    /// - Throws: ``FleetError``.
    public func plan(
        _ targets: [Target], onlyDue: Bool = false, overlap: TimeInterval? = nil,
        replacing: NewIdentity? = nil
    ) async throws -> [RotationReport] {
        let survey = try await survey(targets)
        let azure = try account.adapter()
        try checkNames(survey)
        let results = await bounded(try joined(survey.groups), configuration.concurrency) { group in
            await Self.outcome(group) {
                let planner = try await self.planner(group, azure, overlap)
                if onlyDue, !planner.isDue(at: Date()) { return planner.notDue }
                return try await self.foresee(planner, try await self.plan(planner, azure, replacing), azure)
            }
        }
        return try Self.merge(results) + skipped(survey, unlessDueOnly: onlyDue)
    }

    /// Rotates: a new secret for each identity behind the targets, in all of its sinks, then in its clusters.
    ///
    /// An identity whose last rotation stands still has that one finished instead.
    ///
    /// - Parameters:
    ///   - targets: what to rotate; everything that is configured where empty.
    ///   - onlyDue: leaves alone what the policy does not want rotated yet.
    ///   - overlap: in place of the policy's, in seconds.
    ///   - replacing: makes a new identity in place of each, instead of a new secret on the old one.
    ///   - waitsForOverlap: stays until the overlap is over, and retires.
    /// - Throws: ``FleetError`` before anything is changed; what happens to one identity afterwards stands in its
    ///   reports.
    public func rotate(
        _ targets: [Target], onlyDue: Bool = false, overlap: TimeInterval? = nil,
        waitsForOverlap: Bool = false, replacing: NewIdentity? = nil
    ) async throws -> [RotationReport] {
        let survey = try await survey(targets)
        let azure = try account.adapter()
        try checkNames(survey)
        let results = await bounded(try joined(survey.groups), configuration.concurrency) { group in
            await Self.outcome(group) {
                let locks = try self.hold([group.appId], try self.journal())
                defer { withExtendedLifetime(locks) {} }
                let planner = try await self.planner(group, azure, overlap)
                if onlyDue, !planner.isDue(at: Date()), planner.ledger.unfinished == nil {
                    return planner.notDue
                }
                if let unfinished = planner.ledger.unfinished {
                    return await self.run(unfinished, .resume, planner, waitsForOverlap)
                }
                if let failure = try await self.sweep(planner) {
                    return planner.reports(.blocked, because: failure)
                }
                let plan = try await self.plan(planner, azure, replacing)
                if let failure = await self.obstacle(plan, azure) {
                    return planner.reports(.blocked, because: failure)
                }
                let record = RotationRecord(
                    id: RotationRecord.makeId(), plan: plan, startedAt: planner.ledger.start(at: Date()))
                return await self.run(record, .begin, planner, waitsForOverlap)
            }
        }
        return try Self.merge(results) + skipped(survey, unlessDueOnly: onlyDue)
    }

    /// Takes a rotation as far as it goes.
    ///
    /// Where the journal cannot be written any more, what stands in it says whether something was begun.
    private func run(
        _ record: RotationRecord, _ event: Event, _ planner: Planner, _ waitsForOverlap: Bool
    ) async -> [RotationReport] {
        do {
            let driver = try driver(record, target: planner.group.lead.target)
            return planner.reports(
                try await driver.run(record, event, waitsForOverlap: waitsForOverlap))
        } catch {
            let isUnfinished = (try? ledger(of: planner.group.appId).unfinished) != nil
            return planner.reports(isUnfinished ? .unfinished : .blocked, because: Failure(error))
        }
    }

    func planner(
        _ group: IdentityGroup, _ azure: AzureAdapter, _ overlap: TimeInterval?
    ) async throws -> Planner {
        Planner(group, try await facts(of: group, azure), try ledger(of: group.appId), overlap: overlap)
    }

    /// What Azure says of the group's identity.
    func facts(of group: IdentityGroup, _ azure: AzureAdapter) async throws -> IdentityFacts {
        guard let tenant = try await azure.tenant(of: group.subscription) else {
            throw FleetError(
                .configuration,
                "\(configuration.file): auth: the tenant of \(group.lead.name) is not known, since it has no cluster",
                hint: "write `tenant` into `auth:`")
        }
        return try await azure.identity(appId: group.appId, tenant: tenant)
    }

    /// Names that a sink cannot hold or tell apart are found before anything is changed.
    private func checkNames(_ survey: Survey) throws {
        var entries: [(sink: String, name: String, what: String)] = []
        for member in survey.groups.flatMap(\.members) {
            for sink in member.entry.sinks {
                let name = try sinks.name(of: member.templateValues, in: sink.value)
                entries.append((sink.value, name, member.target))
            }
        }
        try configuration.checkNames(entries)
    }

    // MARK: Outcomes

    /// What became of a group, errors included; a configuration that is wrong ends the command.
    static func outcome(
        _ group: IdentityGroup, _ body: () async throws -> [RotationReport]
    ) async -> Result<[RotationReport], FleetError> {
        do {
            return .success(try await body())
        } catch let error as FleetError where error.code == .configuration || error.code == .unknownName {
            return .failure(error)
        } catch {
            return .success(group.reports(.blocked, because: Failure(error)))
        }
    }

    static func merge(_ results: [Result<[RotationReport], FleetError>]) throws -> [RotationReport] {
        try results.flatMap { try $0.get() }
    }

    /// What has nothing to rotate, or is out of reach.
    func skipped(_ survey: Survey, unlessDueOnly onlyDue: Bool) -> [RotationReport] {
        survey.skipped.compactMap { skip -> RotationReport? in
            guard let kind = CredentialKind(rawValue: skip.credential) else { return nil }
            if onlyDue, skip.reason == .managedIdentity || skip.reason == .managedEntra { return nil }
            var report = RotationReport(cluster: skip.cluster, credential: kind, outcome: skip.reason.outcome)
            report.reason = skip.words
            report.failure = skip.reason.failure
            return report
        }
    }
}

extension Planner {
    /// The reports of a group that the policy does not want rotated yet.
    fileprivate var notDue: [RotationReport] {
        let moment = notAfter.map { Timestamp.text($0 - policy.rotateWithin) } ?? "?"
        return reports(.unchanged, because: Failure(.invalid, "not due before \(moment)"))
    }
}

extension StatusReport.Skip.Reason {
    /// The reason in words.
    public var words: String {
        switch self {
        case .managedIdentity: "the cluster runs under a managed identity, which needs no rotation"
        case .managedEntra: "its Entra integration is managed by Azure"
        case .notFound: "it does not exist, or the signed-in account may not see it"
        case .forbidden: "the signed-in account may not read it"
        case .stopped: "the cluster is stopped, and a stopped cluster cannot be updated"
        }
    }

    fileprivate var outcome: RotationReport.Outcome {
        switch self {
        case .managedIdentity, .managedEntra: .unchanged
        case .notFound, .forbidden, .stopped: .blocked
        }
    }

    var failure: Failure.Kind? {
        switch self {
        case .managedIdentity, .managedEntra: nil
        case .notFound: .notFound
        case .forbidden: .forbidden
        case .stopped: .clusterStopped
        }
    }
}
