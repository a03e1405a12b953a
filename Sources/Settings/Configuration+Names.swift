internal import SinkCore

extension Configuration {
    /// Refuses names that the sinks cannot hold or tell apart.
    ///
    /// - Parameter entries: `name` is what the template of the sink `sink` was filled in to for the credential
    ///   `what`, such as `prod-weu/service-principal`.
    /// - Throws: ``ConfigurationError`` at the sink's template, about the first name that does not do.
    public func checkNames(
        _ entries: [(sink: String, name: String, what: String)]
    ) throws(ConfigurationError) {
        var owners: [String: (sink: String, what: String)] = [:]
        for entry in entries {
            guard let sink = sinks.first(where: { $0.name.value == entry.sink }) else {
                throw ConfigurationError("unknown sink `\(entry.sink)`")
            }
            if case .keyVault = sink.kind, !Names.isVaultSecret(entry.name) {
                throw ConfigurationError(
                    "sink `\(entry.sink)`: Key Vault cannot hold `\(entry.name)`, the name for \(entry.what)",
                    at: sink.template.position, hint: "letters, digits and `-`, at most 127")
            }
            let place = sink.place(of: entry.name)
            guard let owner = owners[place] else {
                owners[place] = (entry.sink, entry.what)
                continue
            }
            guard owner != (entry.sink, entry.what) else { continue }
            let other = owner.sink == entry.sink ? owner.what : "\(owner.what) in sink `\(owner.sink)`"
            throw ConfigurationError(
                "sink `\(entry.sink)`: \(entry.what) and \(other) would both be called `\(entry.name)`",
                at: sink.template.position, hint: "tell them apart by {cluster} and {credential}")
        }
    }

    /// What can be known of the names before Azure is asked.
    ///
    /// Which credentials a cluster has is known where `credentials` lists them; otherwise it is taken to have a
    /// service principal, and the name of its other credential is only checked by itself.
    func checkNames() throws(ConfigurationError) {
        var certain: [(sink: String, name: String, what: String)] = []
        for cluster in clusters {
            for kind in cluster.credentials ?? [.servicePrincipal, .entraApp] {
                let values = TemplateValues(
                    cluster: cluster.name.value, credential: kind, appId: Self.anyAppId,
                    resourceGroup: cluster.resourceGroup.value, subscription: cluster.subscription.value)
                let names = try names(values, cluster.sinks, "\(cluster.name.value)/\(kind.rawValue)")
                if cluster.credentials != nil || kind == .servicePrincipal { certain += names }
            }
        }
        for identity in identities {
            let values = TemplateValues(
                cluster: identity.name.value, credential: .application, appId: identity.appId.value)
            certain += try names(values, identity.sinks, identity.name.value)
        }
        // The application ids of clusters are not known yet, so names that only they tell apart are left out.
        try checkNames(certain.filter { !$0.name.contains(Self.anyAppId) })
    }

    /// Stands in for an application id that only Azure knows.
    private static let anyAppId = "00000000-0000-0000-0000-000000000000"

    private func names(
        _ values: TemplateValues, _ names: [Located<String>], _ what: String
    ) throws(ConfigurationError) -> [(sink: String, name: String, what: String)] {
        var result: [(sink: String, name: String, what: String)] = []
        for sink in sinks where names.contains(where: { $0.value == sink.name.value }) {
            let name: String
            do {
                name = try sink.template.value.fill(values)
            } catch {
                throw ConfigurationError(
                    "sink `\(sink.name.value)` cannot name the secret of \(what): \(error.message)",
                    at: sink.template.position)
            }
            let entry = (sink: sink.name.value, name: name, what: what)
            try checkNames([entry])
            result.append(entry)
        }
        return result
    }
}

extension SinkSettings {
    /// What is the same for two names that stand for one place in the world.
    ///
    /// Sinks of one vault or with one path share a place; Key Vault ignores case.
    fileprivate func place(of name: String) -> String {
        switch kind {
        case .keyVault(let vault): "\(vault)/\(name.lowercased())"
        case .file, .environment: name.hasPrefix("/") ? "file:\(name)" : "\(self.name.value)/\(name)"
        case .keyring, .plugin: "\(self.name.value)/\(name)"
        }
    }
}
