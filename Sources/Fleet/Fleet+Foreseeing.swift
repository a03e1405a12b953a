internal import Rotation
internal import Settings
internal import SinkCore

extension Fleet {
    /// What a rotation would do, what it means for the clusters, and what would stop it before it begins.
    func foresee(
        _ planner: Planner, _ plan: Plan, _ azure: AzureAdapter
    ) async throws -> [RotationReport] {
        async let probed = sinks.probe(plan.deliveries)
        let looks = await bounded(plan.consumers, configuration.concurrency) { consumer in
            do throws(Failure) {
                return Result<Preflight, Failure>.success(try await azure.preflight(consumer))
            } catch {
                return .failure(error)
            }
        }
        let preflights = looks.compactMap { try? $0.get() }
        let unread = looks.lazy.compactMap { look -> Failure? in
            if case .failure(let failure) = look { failure } else { nil }
        }.first
        let sinkFailure = await probed
        let obstacle =
            sinkFailure ?? unread
            ?? Self.missing(zip(plan.consumers, preflights).map { ($0, $1.permission) })
        return planner.reports(plan).map { report in
            var report = report
            report.preflight = preflights
            guard let obstacle else { return report }
            report.outcome = .blocked
            (report.reason, report.hint, report.failure) = (obstacle.message, obstacle.hint, obstacle.kind)
            return report
        }
    }

    /// What stops a rotation before it begins: a sink that would not take the secret, a cluster that the account
    /// may not give it to.
    func obstacle(_ plan: Plan, _ azure: AzureAdapter) async -> Failure? {
        async let probed = sinks.probe(plan.deliveries)
        let permissions = await bounded(plan.consumers, configuration.concurrency) { consumer in
            (consumer, await azure.permission(consumer))
        }
        return await probed ?? Self.missing(permissions)
    }

    static func missing(_ permissions: [(Consumer, Preflight.Permission)]) -> Failure? {
        guard let (consumer, _) = permissions.first(where: { $0.1 == .missing }) else { return nil }
        return Failure(
            .forbidden,
            "the signed-in account has no role that lets it give cluster \(consumer.name) a secret",
            hint: "grant it one with \(consumer.resetAction) on the cluster")
    }
}
