internal import FoundationEssentials
internal import Journal
internal import Rotation
internal import Settings
internal import SinkCore

/// What becomes of an identity whose place another has taken.
public enum FormerIdentity: String, Sendable, CaseIterable {
    /// It stays as it is, without the credentials that credferry has retired.
    case keep
    /// Its service principal can sign in no more; that can be undone.
    case disable
    /// Its application and service principal are deleted.
    case delete

    /// What has become of it then.
    var outcome: String {
        switch self {
        case .keep: "kept"
        case .disable: "disabled"
        case .delete: "deleted"
        }
    }
}

extension Fleet {
    /// Disables or deletes the identity whose place that of `group` has taken, where nothing needs it any more.
    ///
    /// - Returns: what has become of it; `nil` where it stays as it is.
    /// - Throws: `Failure` where its overlap is not over, or where somebody may still use it; then nothing was done.
    func settle(
        _ former: FormerIdentity, of group: IdentityGroup, _ azure: AzureAdapter
    ) async throws -> String? {
        guard former != .keep else { return nil }
        guard let origin = try ledger(of: group.appId).origin, let identity = origin.former else {
            throw Failure(
                .invalid, "identity \(group.appId) has not taken the place of another one",
                hint: "--old is about the identity that `rotate --replace` has left behind")
        }
        guard origin.step == .ended else {
            let moment = origin.retireNotBefore.map(Timestamp.text) ?? "?"
            throw Failure(
                .invalid,
                "identity \(identity.appId) has credentials left whose overlap ends at \(moment)",
                hint: "run this again then")
        }
        try await checkUnused(identity, origin, azure)
        let journal = try journal()
        func note(_ what: String, _ detail: String?) throws {
            try journal.note(
                [HistoryEntry(at: Date(), what: what, detail: detail)], of: identity.appId.lowercased())
        }
        try note("\(former.rawValue) identity", "\(group.appId) has taken its place")
        do throws(Failure) {
            try await former == .disable ? azure.disable(identity) : azure.delete(identity)
        } catch {
            try note("\(former.rawValue) identity failed", error.message)
            throw error
        }
        try note("\(former.rawValue) identity done", nil)
        return former.outcome
    }

    /// What cannot be looked at may use it.
    private func checkUnused(
        _ identity: Identity, _ origin: RotationRecord, _ azure: AzureAdapter
    ) async throws {
        let appId = identity.appId.lowercased()
        func inUse(_ by: String) -> Failure {
            Failure(
                .invalid, "identity \(identity.appId) is still used: \(by)",
                hint: "give that another identity first")
        }
        if let entry = configuration.identities.first(where: { $0.appId.value.lowercased() == appId }) {
            throw inUse("it is configured as the identity \(entry.name.value)")
        }
        if configuration.auth.client?.lowercased() == appId { throw inUse("credferry signs in as it") }
        if !(try ledger(of: appId).duties.isEmpty) {
            throw inUse("a rotation of it has something left to do")
        }
        let configured =
            configuration.clusters.map(\.subscription.value)
            + (configuration.discover?.subscriptions.map(\.value) ?? [])
        let subscriptions = Set(
            (configured + origin.plan.consumers.compactMap(\.subscription)).map { $0.lowercased() })
        for subscription in subscriptions.sorted() {
            for cluster in try await azure.clusters(inSubscription: subscription)
            where [cluster.servicePrincipal, cluster.entra?.serverAppId, cluster.entra?.clientAppId]
                .contains(where: { $0?.lowercased() == appId })
            {
                throw inUse("cluster \(cluster.name) has it")
            }
        }
    }
}
