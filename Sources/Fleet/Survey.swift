internal import Settings
internal import Rotation
internal import SinkCore

/// What Azure says of a selection: whose credentials they are, who shares them, and what has none.
struct Survey: Sendable {
    private(set) var groups: [IdentityGroup] = []
    private(set) var skipped: [StatusReport.Skip] = []
    /// What could not be found out, for the operator.
    private(set) var warnings: [String] = []

    /// Asks Azure.
    ///
    /// Whatever else holds the secret of a selected identity is found, whether or not it was named: clusters in the
    /// subscriptions of the whole configuration, and `identities`. What is configured becomes a member of the
    /// group, with its own sinks; else a sink or a cluster would be left with a secret that retires (R1, R3).
    ///
    /// - Throws: a failure that concerns everything: signing in, the network.
    init(
        _ selection: Selection, of configuration: Configuration, azure: any AzureReader, concurrency: Int
    ) async throws(Failure) {
        async let searched = Self.search(configuration.clusters, azure, concurrency)
        let answers = await bounded(selection.entries, concurrency) { entry in
            await Self.ask(entry, azure)
        }
        let search = await searched
        warnings = search.warnings
        // What the selection asked for itself need not be asked for again.
        let names = Set(selection.entries.map(\.name))
        let unseen = search.unseen.filter { !names.contains($0.name.value) }
        let looks = await bounded(unseen, concurrency) { cluster in
            await Self.ask(Selection.Entry(source: .cluster(cluster), kinds: nil), azure)
        }
        var found = search.found
        for (cluster, look) in zip(unseen, looks) {
            switch look {
            case .success(let facts): found += facts.map { [$0] } ?? []
            case .failure(let failure) where failure.kind == .notFound: break
            case .failure(let failure):
                warnings.append(
                    "whether cluster \(cluster.name.value) has the same identity is not known: \(failure.message)"
                )
            }
        }

        var members: [Member] = []
        for (entry, answer) in zip(selection.entries, answers) {
            let (own, skips) = try Self.judge(entry, answer)
            members += own
            skipped += skips
        }
        groups = Self.share(members, found, configuration)
    }

    // MARK: One entry

    private static func ask(
        _ entry: Selection.Entry, _ azure: any AzureReader
    ) async -> Result<ClusterFacts?, Failure> {
        guard case .cluster(let cluster) = entry.source else { return .success(nil) }
        do throws(Failure) {
            return .success(try await azure.cluster(cluster))
        } catch {
            return .failure(error)
        }
    }

    private static func judge(
        _ entry: Selection.Entry, _ answer: Result<ClusterFacts?, Failure>
    ) throws(Failure) -> ([Member], [StatusReport.Skip]) {
        func skip(
            _ kinds: [CredentialKind], _ reason: StatusReport.Skip.Reason, _ detail: String? = nil
        ) -> [StatusReport.Skip] {
            kinds.map {
                .init(cluster: entry.name, credential: $0.rawValue, reason: reason, detail: detail)
            }
        }
        let wanted = entry.kinds ?? [.servicePrincipal]
        switch (answer, entry.source) {
        case (.success, .identity(let identity)):
            return ([Member(identity)], [])
        case (.failure(let failure), _):
            switch failure.kind {
            case .notFound: return ([], skip(wanted, .notFound, failure.message))
            case .forbidden: return ([], skip(wanted, .forbidden, failure.message))
            default: throw failure
            }
        case (.success(nil), _): return ([], [])
        case (.success(let facts?), _) where facts.isStopped: return ([], skip(wanted, .stopped))
        case (.success(let facts?), _):
            var (members, skips): ([Member], [StatusReport.Skip]) = ([], [])
            for kind in [CredentialKind.servicePrincipal, .entraApp] where entry.includes(kind) {
                if let member = Member(entry, kind, facts) {
                    members.append(member)
                } else if kind == .servicePrincipal {
                    skips += skip([kind], .managedIdentity)
                } else if facts.hasManagedEntra {
                    skips += skip([kind], .managedEntra)
                } else if entry.kinds != nil {
                    skips += skip([kind], .notFound)
                }
            }
            return (members, skips)
        }
    }

    // MARK: Sharing

    /// What a search of subscriptions came to.
    private struct Search {
        var found: [ClusterFacts] = []
        /// Configured clusters of subscriptions that cannot be searched: an account may be allowed to read them
        /// alone.
        var unseen: [ClusterSettings] = []
        var warnings: [String] = []
    }

    /// Every cluster of the subscriptions that `clusters` are in.
    private static func search(
        _ clusters: [ClusterSettings], _ azure: any AzureReader, _ concurrency: Int
    ) async -> Search {
        let subscriptions = Set(clusters.map(\.subscription.value)).sorted()
        let answers = await bounded(subscriptions, concurrency) { subscription in
            do throws(Failure) {
                return Result<[ClusterFacts], Failure>.success(
                    try await azure.clusters(inSubscription: subscription))
            } catch {
                return .failure(error)
            }
        }
        var search = Search()
        for (subscription, answer) in zip(subscriptions, answers) {
            switch answer {
            case .success(let clusters): search.found += clusters
            case .failure(let failure):
                search.unseen += clusters.filter { $0.subscription.value == subscription }
                search.warnings.append(
                    "subscription \(subscription) could not be searched for other clusters of the same identity: "
                        + failure.message)
            }
        }
        return search
    }

    private static func share(
        _ members: [Member], _ found: [ClusterFacts], _ configuration: Configuration
    ) -> [IdentityGroup] {
        let appIds = Set(members.map(\.appId))
        let known = Set(members.compactMap { $0.consumer?.resourceId.lowercased() }.map { $0 })
        var (all, others): ([Member], [String: [Consumer]]) = (members, [:])
        for facts in found {
            for kind in [CredentialKind.servicePrincipal, .entraApp] {
                guard let appId = facts.appId(kind), appIds.contains(appId),
                    !(known.contains(facts.resourceId.lowercased())
                        && members.contains {
                            $0.appId == appId && $0.kind == kind && $0.isAt(facts.resourceId)
                        })
                else { continue }
                if let entry = configuration.entry(at: facts.resourceId), entry.includes(kind),
                    let member = Member(entry, kind, facts)
                {
                    all.append(member)
                } else {
                    others[appId, default: []].append(facts.consumer(kind, named: facts.name))
                }
            }
        }
        let named = Set(members.filter { $0.kind == .application }.map(\.name))
        all += configuration.identities.map(Member.init).filter {
            appIds.contains($0.appId) && !named.contains($0.name)
        }
        return IdentityGroup.group(all, others: others)
    }
}

extension Member {
    /// The member that an application without a cluster is.
    fileprivate init(_ identity: IdentitySettings) {
        self.init(
            entry: Selection.Entry(source: .identity(identity), kinds: [.application]), kind: .application,
            appId: identity.appId.value.lowercased(), consumer: nil, clientAppId: nil)
    }

    /// The member that a cluster's credential is; `nil` where the cluster has no such credential.
    fileprivate init?(_ entry: Selection.Entry, _ kind: CredentialKind, _ facts: ClusterFacts) {
        guard let appId = facts.appId(kind) else { return nil }
        self.init(
            entry: entry, kind: kind, appId: appId, consumer: facts.consumer(kind, named: entry.name),
            clientAppId: kind == .entraApp ? facts.entra?.clientAppId : nil)
    }

    fileprivate func isAt(_ resourceId: String) -> Bool {
        consumer?.resourceId.lowercased() == resourceId.lowercased()
    }
}

extension Configuration {
    /// The configured cluster of that Resource Manager id.
    fileprivate func entry(at resourceId: String) -> Selection.Entry? {
        let wanted = resourceId.lowercased()
        return clusters.first { $0.resourceId.lowercased() == wanted }
            .map { Selection.Entry(source: .cluster($0), kinds: $0.credentials) }
    }
}

extension ClusterSettings {
    /// The cluster's Resource Manager id.
    var resourceId: String {
        "/subscriptions/\(subscription.value)/resourceGroups/\(resourceGroup.value)"
            + "/providers/Microsoft.ContainerService/managedClusters/\(cluster.value)"
    }
}

/// Does `body` for every item, at most `limit` at a time; the results are in the items' order.
func bounded<Item: Sendable, Value: Sendable>(
    _ items: [Item], _ limit: Int, _ body: @escaping @Sendable (Item) async -> Value
) async -> [Value] {
    await withTaskGroup(of: (Int, Value).self) { group in
        var results: [(Int, Value)] = []
        for (index, item) in items.enumerated() {
            if index >= max(limit, 1), let done = await group.next() { results.append(done) }
            group.addTask { (index, await body(item)) }
        }
        for await done in group { results.append(done) }
        return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
