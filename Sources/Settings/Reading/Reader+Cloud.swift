extension Reader {
    /// One of the known clouds, or endpoints.
    func cloud(_ field: Field) -> CloudSettings? {
        if field.scalar != nil {
            switch choice(field, Known.self) {
            case .public: return .public
            case .usgov: return .usgov
            case .china: return .china
            case nil: return nil
            }
        }
        guard let section = Section(field, keys: Grammar.cloud, self) else { return nil }
        let before = problemCount
        let authority = section.require("authorityHost").flatMap(endpoint)
        let graph = section.require("graphEndpoint").flatMap(endpoint)
        let resourceManager = section.require("resourceManagerEndpoint").flatMap(endpoint)
        let suffix = section.require("keyVaultSuffix").flatMap(vaultSuffix)
        let audiences = ["graphAudience", "resourceManagerAudience", "keyVaultAudience"].map { key in
            section[key].flatMap { string($0)?.value }
        }
        let authorities = section["certificateAuthorities"].flatMap(path)
        guard let authority, let graph, let resourceManager, let suffix, before == problemCount else {
            return nil
        }
        return .custom(
            CustomCloud(
                authorityHost: authority, graphEndpoint: graph, resourceManagerEndpoint: resourceManager,
                keyVaultSuffix: suffix, graphAudience: audiences[0], resourceManagerAudience: audiences[1],
                keyVaultAudience: audiences[2], certificateAuthorities: authorities))
    }

    private enum Known: String, CaseIterable {
        case `public`
        case usgov
        case china
    }

    private func endpoint(_ field: Field) -> String? {
        guard let text = string(field)?.value else { return nil }
        guard let endpoint = Endpoint(text) else {
            report(
                field.position,
                "\(field.name): expected `https://HOST`, with a path if need be, found \(field.description)",
                hint: "no user, query or fragment; `http` for the loopback interface alone")
            return nil
        }
        return endpoint.description
    }

    private func vaultSuffix(_ field: Field) -> String? {
        string(field, expected: "a host, such as `vault.azure.net`, without a dot in front") { text in
            Endpoint("https://" + text).map { $0.path.isEmpty } ?? false
        }?.value.lowercased()
    }

    /// The URL of a vault, which has to be one of the cloud's: a token for Key Vault goes nowhere else.
    func vault(_ field: Field, suffix: String?) -> String? {
        guard let text = string(field)?.value, let suffix else { return nil }
        let expected = "\(field.name): expected `https://NAME.\(suffix)`, found \(field.description)"
        guard let endpoint = Endpoint(text.lowercased()), endpoint.path.isEmpty,
            endpoint.authority.hasSuffix("." + suffix)
        else {
            report(field.position, expected, hint: "a vault's host ends in the cloud's `keyVaultSuffix`")
            return nil
        }
        let name = endpoint.authority.dropLast(suffix.count + 1)
        guard Names.isHost(name), !name.contains(".") else {
            report(field.position, expected)
            return nil
        }
        return endpoint.description
    }
}
