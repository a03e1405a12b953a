internal import SinkCore

/// Reads `clusters`, `identities` and `discover`, which share names, sinks and policies.
struct Entries {
    /// The names of the sinks that there are.
    let sinks: Set<String>
    let defaults: Defaults
    let reader: Reader

    func clusters(_ field: Field) -> [ClusterSettings]? {
        reader.elements(of: field)?.compactMap { cluster($0) }
    }

    func identities(_ field: Field) -> [IdentitySettings]? {
        reader.elements(of: field)?.compactMap { identity($0) }
    }

    func discover(_ field: Field) -> DiscoverSettings? {
        guard let section = Section(field, keys: Grammar.discover, reader) else { return nil }
        let subscriptions = section.require("subscriptions").flatMap { list in
            reader.strings(list) == nil ? nil : reader.elements(of: list)?.compactMap { reader.uuid($0) }
        }
        let sinks = sinkNames(nil, of: "`discover`", at: field.position)
        let policy = reader.policy(defaults.policy)
        guard let subscriptions, let sinks, let policy else { return nil }
        reportRepeated(subscriptions, "subscription")
        return DiscoverSettings(subscriptions: subscriptions, sinks: sinks, policy: policy)
    }

    private func cluster(_ field: Field) -> ClusterSettings? {
        guard let section = Section(field, keys: Grammar.cluster, reader) else { return nil }
        let name = section.require("name").flatMap { reader.name($0) }
        let subscription = section.require("subscription").flatMap { reader.uuid($0) }
        let group = section.require("resourceGroup").flatMap {
            reader.string($0, expected: "a resource group's name", where: Names.isResourceGroup)
        }
        let cluster = azureName(section, name)
        let credentials = section["credentials"].map { kinds($0) } ?? .some(nil)
        let sinks = sinkNames(
            section["sinks"], of: name.map { reader.shown($0.value) } ?? field.name, at: field.position)
        let policy = policy(section)
        let apply = section["apply"].map { reader.boolean($0) } ?? true
        guard let name, let subscription, let group, let cluster, let credentials, let sinks, let policy,
            let apply
        else { return nil }
        return ClusterSettings(
            name: name, subscription: subscription, resourceGroup: group, cluster: cluster,
            credentials: credentials, sinks: sinks, policy: policy, apply: apply)
    }

    private func identity(_ field: Field) -> IdentitySettings? {
        guard let section = Section(field, keys: Grammar.identity, reader) else { return nil }
        let name = section.require("name").flatMap { reader.name($0) }
        let appId = section.require("appId").flatMap { reader.uuid($0) }
        let sinks = sinkNames(
            section["sinks"], of: name.map { reader.shown($0.value) } ?? field.name, at: field.position)
        let policy = policy(section)
        guard let name, let appId, let sinks, let policy else { return nil }
        return IdentitySettings(name: name, appId: appId, sinks: sinks, policy: policy)
    }

    /// What Azure calls the cluster: `cluster`, else its name here.
    private func azureName(_ section: Section, _ name: Located<String>?) -> Located<String>? {
        if let field = section["cluster"] {
            return reader.string(field, expected: "a cluster's name in Azure", where: Names.isClusterName)
        }
        guard let name else { return nil }
        guard Names.isClusterName(name.value) else {
            reader.report(
                name.position, "no cluster in Azure can be called as `\(section.field.path).name` says",
                hint: "give its name there by `cluster`")
            return nil
        }
        return name
    }

    private func kinds(_ field: Field) -> [CredentialKind]? {
        guard let elements = reader.elements(of: field) else { return nil }
        guard !elements.isEmpty else {
            reader.report(
                field.position, "\(field.name): expected a list of at least one, found an empty one",
                hint: "leave it out for whatever the cluster has")
            return nil
        }
        let kinds = elements.compactMap {
            reader.choice($0, among: [.servicePrincipal, .entraApp]) as CredentialKind?
        }
        guard kinds.count == elements.count else { return nil }
        guard Set(kinds).count == kinds.count else {
            reader.report(field.position, "\(field.name): a credential is listed twice")
            return nil
        }
        return kinds
    }

    private func policy(_ section: Section) -> PolicySettings? {
        guard let layer = section["policy"].map(reader.policyLayer) ?? PolicyLayer() else { return nil }
        return reader.policy(layer.over(defaults.policy))
    }

    /// The sinks of an entry: its own list, else that of `defaults`.
    private func sinkNames(
        _ field: Field?, of owner: String, at position: Position
    ) -> [Located<String>]? {
        if let field {
            guard let names = reader.strings(field) else { return nil }
            return check(names)
        }
        // Those of `defaults` are checked once, where they stand.
        guard let names = defaults.sinks else {
            reader.report(
                position, "\(owner) has no sinks: its secrets would be delivered nowhere",
                hint: "set `sinks` here or under `defaults`")
            return nil
        }
        return names
    }

    /// Reports names that no sink has, and those that come twice.
    func check(_ names: [Located<String>]) -> [Located<String>]? {
        let before = reader.problemCount
        for name in names where !sinks.contains(name.value) {
            reader.report(
                name.position, "unknown sink \(reader.shown(name.value))",
                hint: Nearest.hint(name.value, among: sinks.sorted(), called: "sinks"))
        }
        reportRepeated(names, "sink")
        return before == reader.problemCount ? names : nil
    }

    /// Reports entries that cannot be told apart.
    func checkDistinct(_ clusters: [ClusterSettings], _ identities: [IdentitySettings]) {
        reportRepeated(clusters.map(\.name) + identities.map(\.name), "target")
        reportRepeated(identities.map(\.appId), "appId")
        let resources = clusters.map { cluster in
            let path = [cluster.subscription, cluster.resourceGroup, cluster.cluster].map(\.value)
            // Resource Manager ignores case.
            return Located(path.joined(separator: "/").lowercased(), at: cluster.name.position)
        }
        reportRepeated(resources, "cluster")
    }

    private func reportRepeated(_ values: [Located<String>], _ what: String) {
        var first: [String: Position] = [:]
        for value in values {
            if let earlier = first[value.value] {
                reader.report(
                    value.position, "\(what) \(reader.shown(value.value)) is given twice",
                    hint: "the first is in line \(earlier.line)")
            } else {
                first[value.value] = value.position
            }
        }
    }
}
