internal import FoundationEssentials
internal import Journal
internal import Rotation
internal import Settings
internal import SinkCore

extension Fleet {
    /// Looks at everything that a rotation needs, and changes nothing.
    ///
    /// What needs something that is at fault itself is left out: a wrong password is one fault and not twenty.
    public func check() async -> CheckReport {
        var checks = [checkConfiguration(), checkJournal()]
        let signIn = await checkSignIn()
        checks += signIn
        guard !signIn.contains(where: { $0.outcome == .fault }) else {
            return CheckReport(checks: checks)
        }
        do {
            let survey = try await survey([])
            checks += checkClusters(survey)
            let azure = try account.adapter()
            let groups = await bounded(survey.groups, configuration.concurrency) { group in
                await self.check(group, azure)
            }
            checks += groups.flatMap { $0 }
        } catch {
            checks.append(.fault(.cluster, configuration.file, Failure(error)))
        }
        return CheckReport(checks: checks)
    }

    private func checkConfiguration() -> CheckReport.Line {
        let counts = [
            (configuration.clusters.count, "cluster", "clusters"),
            (configuration.identities.count, "identity without a cluster", "identities without a cluster"),
            (configuration.sinks.count, "sink", "sinks"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.0 == 1 ? $0.1 : $0.2)" }
        guard !configuration.clusters.isEmpty || !configuration.identities.isEmpty else {
            return .warning(
                .configuration, configuration.file, "there is nothing to rotate",
                hint: "name a cluster under `clusters:`")
        }
        return .ok(.configuration, configuration.file, counts.joined(separator: ", "))
    }

    private func checkJournal() -> CheckReport.Line {
        let state = configuration.state
        guard hasJournal else { return .ok(.journal, state, "nothing was journaled yet") }
        do {
            let journal = try journal()
            let verdict = try verifyAudit()
            if let fault = verdict.fault {
                return .fault(
                    .journal, state,
                    Failure(
                        .invalid, "the audit chain is broken: \(fault)",
                        hint: "find out who changed it; `credferry doctor --rebuild-journal` makes a new one")
                )
            }
            let unfinished = try journal.openRecords().filter(\.isUnfinished)
            guard unfinished.isEmpty else {
                return .warning(
                    .journal, state,
                    "unfinished: " + unfinished.map(\.target).joined(separator: ", "),
                    hint: "run `credferry resume`")
            }
            return .ok(.journal, state, "sound, with \(verdict.head.number) audit records")
        } catch {
            return .fault(.journal, state, Failure(error))
        }
    }

    private func checkSignIn() async -> [CheckReport.Line] {
        do throws(FleetError) {
            let azure = try account.adapter()
            return await bounded(AzureAdapter.Service.allCases, 2) { service in
                do throws(Failure) {
                    try await azure.signIn(to: service)
                    return .ok(.signIn, service.rawValue, "Entra gives a token")
                } catch {
                    return .fault(.signIn, service.rawValue, error)
                }
            }
        } catch {
            return [.fault(.signIn, configuration.file, Failure(error))]
        }
    }

    private func checkClusters(_ survey: Survey) -> [CheckReport.Line] {
        var seen: Set<String> = []
        let found = survey.groups.flatMap(\.members).filter { $0.consumer != nil }.map { member in
            CheckReport.Line.ok(.cluster, member.target, "it runs under \(member.appId)")
        }
        let skipped = survey.skipped.filter { seen.insert("\($0.cluster)/\($0.credential)").inserted }.map {
            skip in
            let subject = "\(skip.cluster)/\(skip.credential)"
            return skip.reason.failure.map {
                .fault(.cluster, subject, Failure($0, skip.words))
            } ?? CheckReport.Line.ok(.cluster, subject, skip.words)
        }
        return found + skipped + survey.warnings.map { .warning(.cluster, "subscription", $0) }
    }

    /// One identity, and the sinks that its secret goes to.
    private func check(_ group: IdentityGroup, _ azure: AzureAdapter) async -> [CheckReport.Line] {
        do {
            let planner = Planner(group, try await facts(of: group, azure), Ledger([]), overlap: nil)
            let count = planner.facts.credentials.count
            let identity = CheckReport.Line.ok(
                .identity, group.appId, "the directory lists \(count) \(count == 1 ? "secret" : "secrets")")
            let plan = try planner.plan(sinks)
            let sinks = await bounded(plan.deliveries, plan.deliveries.count) { delivery in
                let subject = "\(delivery.sink) for \(delivery.cluster)/\(delivery.kind.rawValue)"
                if let failure = await self.sinks.probe([delivery]) {
                    return CheckReport.Line.fault(.sink, subject, failure)
                }
                return .ok(.sink, subject, "it would take a secret as \(delivery.name)")
            }
            return [identity] + (await checkConsumers(plan, azure)) + sinks
        } catch {
            return [.fault(.identity, group.appId, Failure(error))]
        }
    }

    /// Whether each cluster could be given a secret now.
    private func checkConsumers(_ plan: Plan, _ azure: AzureAdapter) async -> [CheckReport.Line] {
        await bounded(plan.consumers, configuration.concurrency) { consumer in
            let subject = "\(consumer.name)/\(consumer.kind.rawValue)"
            do throws(Failure) {
                let look = try await azure.preflight(consumer)
                if let missing = Self.missing([(consumer, look.permission)]) {
                    return .fault(.cluster, subject, missing)
                }
                let nodes = look.nodePools.map(\.nodes).reduce(0, +)
                let state = "\(look.provisioningState), \(nodes) nodes"
                guard look.permission == .granted else {
                    return .warning(
                        .cluster, subject,
                        "\(state); Azure does not say whether the account may give it a secret")
                }
                return .ok(.cluster, subject, "\(state); the account may give it a secret")
            } catch {
                return .fault(.cluster, subject, error)
            }
        }
    }
}
