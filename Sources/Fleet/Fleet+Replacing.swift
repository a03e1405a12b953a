internal import FoundationEssentials
internal import Journal
internal import Rotation
internal import Settings
internal import SinkCore

/// What a new identity gets that takes the place of another.
public struct NewIdentity: Sendable {
    /// The roles, by name, GUID or resource id; those of the former identity where empty.
    public var roles: [String]
    /// The resource ids that each of the roles is given over.
    public var scopes: [String]

    /// A new identity with the roles of the former one, or with `roles` over each of `scopes`.
    public init(roles: [String] = [], scopes: [String] = []) {
        self.roles = roles
        self.scopes = scopes
    }
}

extension Fleet {
    /// What a rotation of the planner's identity sets out to do, a new identity included where one is wanted.
    func plan(
        _ planner: Planner, _ azure: AzureAdapter, _ replacing: NewIdentity?
    ) async throws -> Plan {
        guard let replacing else { return try planner.plan(sinks) }
        let kind = try replaceableKind(planner.group, replacing)
        let (name, id) = (planner.group.lead.name, RotationRecord.makeId())
        func displayName(_ what: String) -> String { "\(Rotation.displayNamePrefix)\(name)-\(what)\(id)" }
        guard kind == .servicePrincipal else {
            return try planner.plan(
                sinks,
                replacement: Replacement(
                    displayName: displayName("server-"), grants: [],
                    entra: EntraIntegration(
                        clientDisplayName: displayName("client-"), scopeId: UUID().uuidString.lowercased())))
        }
        let wanted =
            replacing.roles.isEmpty
            ? try await azure.roles(of: planner.group.appId, planner.group.subscriptions)
            : try await azure.roles(replacing.roles, over: replacing.scopes)
        return try planner.plan(
            sinks, replacement: Replacement(displayName: displayName(""), grants: wanted))
    }

    /// Where the new identity could not reach everybody, the old one stays.
    ///
    /// - Returns: what it is to its clusters.
    private func replaceableKind(
        _ group: IdentityGroup, _ replacing: NewIdentity
    ) throws -> CredentialKind {
        let target = group.lead.target
        let kinds = Set(group.members.map(\.kind) + group.others.map(\.kind))
        guard let kind = kinds.first, kinds.count == 1, kind != .application else {
            let why =
                kinds.count == 1
                ? "is the configuration's own, and has no cluster that a new one could be given to"
                : "is both a service principal and an Entra application of its clusters"
            throw Failure(
                .invalid, "identity \(group.appId) \(why)",
                hint: "run `credferry rotate \(target)` without --replace")
        }
        guard kind == .servicePrincipal || replacing.roles.isEmpty else {
            throw Failure(
                .invalid, "identity \(group.appId) is an entra-app, which needs no role",
                hint: "leave out --role and --scope")
        }
        if let member = group.members.first(where: { !$0.entry.applies }) {
            throw Failure(
                .invalid,
                "\(member.name) has `apply: false`: a new identity would wait there until a pipeline applies it",
                hint: "rotate without --replace, or let credferry apply it")
        }
        for member in group.members {
            let other = Member(
                entry: member.entry, kind: member.kind, appId: "00000000-0000-0000-0000-000000000000",
                consumer: member.consumer, clientAppId: member.clientAppId)
            for sink in member.entry.sinks
            where try sinks.name(of: member.templateValues, in: sink.value)
                != sinks.name(of: other.templateValues, in: sink.value)
            {
                throw Failure(
                    .invalid,
                    "sink \(sink.value) names \(member.target) by {appId}, and a new identity has another one",
                    hint: "name it by {cluster} and {credential}")
            }
        }
        return kind
    }

    /// Finishes the search for a credential that the making of the identity has perhaps left behind.
    ///
    /// - Returns: why another rotation has to wait; `nil` where it has not.
    func sweep(_ planner: Planner) async throws -> Failure? {
        guard let open = planner.ledger.unswept else { return nil }
        let after = try await driver(open, target: planner.group.lead.target).run(open, .resume)
        guard let lost = after.lostNames.first else { return nil }
        let moment = after.nextDuty.map(Timestamp.text) ?? "?"
        return Failure(
            .contended,
            "credential \(lost.displayName) was perhaps added, and it is not certain before \(moment) whether it was",
            hint: "rotate again then")
    }

    // MARK: Two identities

    /// The groups as the journal joins them: while a new identity takes another's place, the clusters that have
    /// it already and those that do not are one group.
    func joined(_ groups: [IdentityGroup]) throws -> [IdentityGroup] {
        guard hasJournal else { return groups }
        var joined: [IdentityGroup] = []
        for group in groups {
            var home = group.appId
            if let record = try ledger(of: group.appId).unfinished, let former = record.former {
                home = former.appId.lowercased()
            }
            if let index = joined.firstIndex(where: { $0.appId == home }) {
                joined[index] = IdentityGroup(
                    appId: home, members: joined[index].members + group.members,
                    others: joined[index].others + group.others)
            } else {
                joined.append(IdentityGroup(appId: home, members: group.members, others: group.others))
            }
        }
        return joined
    }

    /// The locks of the identities, and of those that a rotation with something left to do joins to them (R6).
    func hold(_ appIds: [String], _ journal: Journal) throws -> [IdentityLock] {
        var locks: [String: IdentityLock] = [:]
        for appId in Set(appIds).sorted() { locks[appId] = try IdentityLock(appId, in: journal.folder) }
        let linked = Ledger(try Self.records(of: appIds, journal)).appIds
        for appId in linked.sorted() where locks[appId] == nil {
            locks[appId] = try IdentityLock(appId, in: journal.folder)
        }
        return Array(locks.values)
    }

    /// The records of several identities, each once.
    static func records(of appIds: [String], _ journal: Journal) throws -> [RotationRecord] {
        var seen: Set<String> = []
        return try appIds.flatMap { try journal.records(of: $0) }.filter { seen.insert($0.id).inserted }
    }

    /// The identities of `records`, in their order; those that a rotation joins stand together.
    static func connected(_ records: [RotationRecord]) -> [[String]] {
        var groups: [[String]] = []
        for record in records {
            let touching = groups.indices.filter { !Set(groups[$0]).isDisjoint(with: record.appIds) }
            var seen: Set<String> = []
            let merged = (touching.flatMap { groups[$0] } + record.appIds)
                .filter { seen.insert($0).inserted }
            if let first = touching.first { groups[first] = merged } else { groups.append(merged) }
            for index in touching.dropFirst().reversed() { groups.remove(at: index) }
        }
        return groups
    }
}

extension IdentityGroup {
    /// The subscriptions of its clusters.
    var subscriptions: [String] {
        Set(consumers.compactMap { $0.subscription?.lowercased() }).sorted()
    }
}

extension Consumer {
    /// The subscription that its cluster is in.
    var subscription: String? {
        let parts = resourceId.split(separator: "/")
        return parts.count > 1 && parts[0].lowercased() == "subscriptions" ? String(parts[1]) : nil
    }
}

extension RotationReport.Replacement {
    /// How long Microsoft advises to wait before a new service principal is used, in seconds.
    ///
    /// Source: "Update or rotate the credentials for an AKS cluster".
    private static let advisedWait: TimeInterval = 1_800

    /// What a plan says of a new identity; `nil` where the old one stays.
    init?(_ plan: Plan) {
        guard let replacement = plan.replacement else { return nil }
        let wait = plan.policy.replaceWait
        self.init(
            formerAppId: plan.identity.appId, displayName: replacement.displayName,
            roles: replacement.grants.map { .init(role: $0.role ?? $0.roleDefinitionId, scope: $0.scope) },
            wait: wait, clientDisplayName: replacement.entra?.clientDisplayName,
            consent: replacement.entra.map { _ in
                "an administrator has to consent to the new server's permissions before the cluster gets it: Microsoft Graph, Directory.Read.All and User.Read"
            },
            advice: wait < Self.advisedWait && replacement.entra == nil
                ? "Microsoft advises to wait 30 minutes before a new service principal is used: the policy's replaceWait is \(Int(wait)) s"
                : nil)
    }
}
