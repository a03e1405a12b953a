extension Reader {
    /// Everything: the one function that knows the order in which the parts need each other.
    func configuration(of root: Field) -> Configuration? {
        guard let section = Section(root, keys: Grammar.root, self) else { return nil }
        if let version = section.require("version") { checkVersion(version) }
        let cloud = section["cloud"].map(cloud) ?? .public
        let auth = section["auth"].map(auth) ?? AuthSettings()
        let concurrency = section["concurrency"].map { integer($0, in: 1...1000) } ?? 16
        let state = section["state"].map(path) ?? defaultState()
        // Where a part is wrong, what depends on it is read all the same, for its own faults.
        let (names, sinks) = sinks(section["sinks"], suffix: cloud?.keyVaultSuffix)
        let defaults = section["defaults"].flatMap(defaults) ?? Defaults()
        let entries = Entries(sinks: names, defaults: defaults, reader: self)
        if let sinks = defaults.sinks { _ = entries.check(sinks) }
        let clusters = section["clusters"].flatMap { entries.clusters($0) } ?? []
        let identities = section["identities"].flatMap { entries.identities($0) } ?? []
        let discover = section["discover"].flatMap { entries.discover($0) }
        entries.checkDistinct(clusters, identities)
        guard let cloud, let auth, let concurrency, let state else { return nil }
        return Configuration(
            file: file, cloud: cloud, auth: auth, state: state, concurrency: concurrency, sinks: sinks,
            clusters: clusters, identities: identities, discover: discover)
    }

    private func checkVersion(_ field: Field) {
        guard field.scalar?.text != "1" || field.plainType != .number else { return }
        report(
            field.position, "`version`: expected 1, found \(field.description)",
            hint: "this credferry reads version 1 of the configuration")
    }

    private func defaultState() -> String? {
        if let folder = Configuration.baseFolder("XDG_STATE_HOME", "/.local/state", environment) {
            return Paths.join(folder, "credferry")
        }
        report(
            nil, "there is no place for the journal: neither XDG_STATE_HOME nor HOME is set",
            hint: "set `state` in \(file)")
        return nil
    }

    private func defaults(_ field: Field) -> Defaults? {
        guard let section = Section(field, keys: Grammar.defaults, self) else { return nil }
        return Defaults(
            sinks: section["sinks"].flatMap(strings),
            policy: section["policy"].flatMap { policyLayer($0) } ?? PolicyLayer())
    }

    /// A list of texts, at least one.
    func strings(_ field: Field) -> [Located<String>]? {
        guard let elements = elements(of: field) else { return nil }
        guard !elements.isEmpty else {
            report(field.position, "\(field.name): expected a list of at least one, found an empty one")
            return nil
        }
        let texts = elements.compactMap { string($0) }
        return texts.count == elements.count ? texts : nil
    }
}

/// What entries take from `defaults`.
struct Defaults {
    var sinks: [Located<String>]?
    var policy = PolicyLayer()
}
