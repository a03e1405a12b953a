internal import Settings
internal import FoundationEssentials
internal import Rotation
internal import SinkCore

/// One credential of one configured cluster or identity, after Azure was asked whose it is.
struct Member: Sendable {
    let entry: Selection.Entry
    let kind: CredentialKind
    /// The identity's application id, in lower case.
    let appId: String
    /// The cluster that holds it, where there is one.
    let consumer: Consumer?
    /// The client application beside an entra-app's server application.
    let clientAppId: String?

    var name: String { entry.name }
    var target: String { "\(name)/\(kind.rawValue)" }

    /// What a sink's template is filled in with.
    var templateValues: TemplateValues {
        switch entry.source {
        case .cluster(let cluster):
            TemplateValues(
                cluster: name, credential: kind, appId: appId, resourceGroup: cluster.resourceGroup.value,
                subscription: cluster.subscription.value)
        case .identity: TemplateValues(cluster: name, credential: kind, appId: appId)
        }
    }
}

/// All configured credentials of one identity, and the clusters beside them that hold its secret.
struct IdentityGroup: Sendable {
    /// The application id, in lower case.
    let appId: String
    let members: [Member]
    /// Clusters that run under the identity and are not among the members: they get the new secret too, or
    /// retiring the old one would cut them off (R3).
    let others: [Consumer]

    /// The first member; there is one.
    var lead: Member { members[0] }

    /// The subscription of the first of its configured clusters.
    var subscription: String? {
        members.lazy.compactMap { member in
            if case .cluster(let cluster) = member.entry.source { cluster.subscription.value } else { nil }
        }.first
    }

    /// The clusters to apply to.
    var consumers: [Consumer] {
        var seen: Set<Consumer> = []
        let own = members.filter(\.entry.applies).compactMap(\.consumer)
        return (own + others).filter { seen.insert($0).inserted }
    }

    /// The strictest of the members' policies: what one of them needs, all of them get.
    func policy(overlap: TimeInterval?) -> Policy {
        var policy = Policy(lead.entry.policy)
        for member in members.dropFirst() {
            let other = Policy(member.entry.policy)
            policy.lifetime = min(policy.lifetime, other.lifetime)
            policy.rotateWithin = max(policy.rotateWithin, other.rotateWithin)
            policy.overlap = max(policy.overlap, other.overlap)
            policy.proofs = max(policy.proofs, other.proofs)
            policy.proofTimeout = max(policy.proofTimeout, other.proofTimeout)
            policy.applyTimeout = max(policy.applyTimeout, other.applyTimeout)
            policy.replaceWait = max(policy.replaceWait, other.replaceWait)
        }
        if let overlap { policy.overlap = overlap }
        return policy
    }

    /// Groups `members` by identity, in their order.
    static func group(_ members: [Member], others: [String: [Consumer]]) -> [IdentityGroup] {
        var order: [String] = []
        var groups: [String: [Member]] = [:]
        for member in members {
            if groups[member.appId] == nil { order.append(member.appId) }
            groups[member.appId, default: []].append(member)
        }
        return order.compactMap { appId in
            groups[appId].map { IdentityGroup(appId: appId, members: $0, others: others[appId] ?? []) }
        }
    }
}

extension Policy {
    /// What the configuration says, in seconds.
    init(_ settings: PolicySettings) {
        self.init()
        lifetime = settings.lifetime.seconds
        rotateWithin = settings.rotateWithin.seconds
        overlap = settings.overlap.seconds
        proofs = settings.proofs
        proofTimeout = settings.proofTimeout.seconds
        applyTimeout = settings.applyTimeout.seconds
        replaceWait = settings.replaceWait.seconds
    }
}

extension Duration {
    /// The duration in seconds.
    public var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
