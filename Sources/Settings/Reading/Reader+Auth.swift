extension Reader {
    /// How to sign in: each method has the keys that it needs, and none that it would ignore.
    func auth(_ field: Field) -> AuthSettings? {
        guard let section = Section(field, keys: Grammar.auth, self) else { return nil }
        let before = problemCount
        let method = section["method"].map { choice($0, AuthSettings.Method.self) } ?? .auto
        if let method { checkKeys(of: section, for: method) }
        let settings = AuthSettings(
            method: method ?? .auto,
            tenant: section["tenant"].flatMap(tenant), client: section["client"].flatMap { uuid($0)?.value },
            secretFile: section["secretFile"].flatMap(path),
            secretEnvironment: section["secretEnvironment"].flatMap(variable),
            certificateFile: section["certificateFile"].flatMap(path),
            certificatePasswordFile: section["certificatePasswordFile"].flatMap(path))
        return before == problemCount ? settings : nil
    }

    private func checkKeys(of section: Section, for method: AuthSettings.Method) {
        for key in method.required { _ = section.require(key) }
        let taken = ["method"] + method.required + method.optional
        for key in Grammar.auth where !taken.contains(key) {
            guard let extra = section[key] else { continue }
            let owner = AuthSettings.Method.allCases.first { ($0.required + $0.optional).contains(key) }
            report(
                extra.position, "`auth.\(key)` has no meaning for method `\(method.rawValue)`",
                hint: owner.map { "it belongs to `method: \($0.rawValue)`" })
        }
        guard method == .clientSecret else { return }
        switch (section["secretFile"], section["secretEnvironment"]) {
        case (nil, nil):
            report(
                section.field.position, "`auth.secretFile` is missing",
                hint: "or name a variable by `secretEnvironment`")
        case (.some, .some(let second)):
            report(second.position, "expected one of `secretFile` and `secretEnvironment`, found both")
        default: break
        }
    }

    private func tenant(_ field: Field) -> String? {
        string(field, expected: "a tenant's id or domain", where: { Names.isHost($0) })?.value
    }

    private func variable(_ field: Field) -> String? {
        string(field, expected: "the name of an environment variable", where: { Names.isVariable($0) })?.value
    }
}

extension AuthSettings.Method {
    /// The keys that it cannot do without.
    fileprivate var required: [String] {
        switch self {
        case .clientSecret, .githubOIDC: ["tenant", "client"]
        case .clientCertificate: ["tenant", "client", "certificateFile"]
        case .auto, .workloadIdentity, .managedIdentity, .azureCLI, .azurePipelines: []
        }
    }

    /// The keys that it takes besides; where they are missing, the surroundings have them.
    fileprivate var optional: [String] {
        switch self {
        case .clientSecret: ["secretFile", "secretEnvironment"]
        case .clientCertificate: ["certificatePasswordFile"]
        case .auto, .workloadIdentity, .managedIdentity, .azurePipelines: ["tenant", "client"]
        case .azureCLI: ["tenant"]
        case .githubOIDC: []
        }
    }
}
