internal import FoundationEssentials

/// Key Vault's data plane for secrets.
struct KeyVault: Sendable {
    let endpoints: Endpoints
    let tokens: AccessTokens

    /// Answers a request to a vault's host.
    func answer(_ request: WireRequest, vault: String, _ cloud: inout Cloud, at now: Date) -> WireAnswer {
        let id = Random.guid()
        let answer: WireAnswer
        do throws(KeyVaultError) {
            answer = try route(request, vault: vault, &cloud, at: now)
        } catch {
            answer = error.answer
        }
        return answer.with([
            ("cache-control", "no-cache"), ("pragma", "no-cache"), ("expires", "-1"),
            ("strict-transport-security", "max-age=31536000;includeSubDomains"),
            ("x-content-type-options", "nosniff"),
            ("x-ms-keyvault-network-info", "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;"),
            ("x-ms-keyvault-region", cloud.location), ("x-ms-keyvault-service-version", "1.9.908.1"),
            ("x-ms-request-id", id),
            ("x-ms-client-request-id", request.header("x-ms-client-request-id") ?? id),
        ])
    }

    private func route(_ request: WireRequest, vault: String, _ cloud: inout Cloud, at now: Date)
        throws(KeyVaultError) -> WireAnswer
    {
        guard cloud.vaults[vault] != nil else { throw .noSuchResource }
        let authority = "\(endpoints.login)/\(cloud.tenant)"
        let caller: Caller
        do throws(TokenFault) {
            caller = try tokens.check(request, audiences: [endpoints.vaultAudience], at: now)
        } catch {
            throw .challenge(error, authority: authority, resource: endpoints.vaultAudience)
        }
        let version = request.parameter("api-version")
        guard let version, KeyVaultCall.versions.contains(version) else { throw .unsupportedVersion(version) }
        let call = KeyVaultCall(
            request: request, version: version, vault: vault, base: endpoints.vault(vault),
            issuer: "\(authority)/", caller: caller, now: now)
        return try call.answer(&cloud)
    }
}

/// One request to a vault by a caller who is signed in.
struct KeyVaultCall {
    let request: WireRequest
    let version: String
    /// The vault's name.
    let vault: String
    /// The vault's URL.
    let base: String
    let issuer: String
    let caller: Caller
    let now: Date

    /// Versions of the interface that are served.
    static let versions = [
        "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01",
    ]

    /// Answers it.
    func answer(_ cloud: inout Cloud) throws(KeyVaultError) -> WireAnswer {
        guard var held = cloud.vaults[vault] else { throw .noSuchResource }
        held.deletionTime = cloud.tuning.deletionTime
        let path = request.path
        let answer: WireAnswer
        switch path.first {
        case "secrets": answer = try secrets(Array(path.dropFirst()), &held, cloud)
        case "deletedsecrets": answer = try deletedSecrets(Array(path.dropFirst()), &held, cloud)
        default: throw .noSuchResource
        }
        cloud.vaults[vault] = held
        return answer
    }

    private func secrets(_ rest: [String], _ held: inout Vault, _ cloud: Cloud) throws(KeyVaultError)
        -> WireAnswer
    {
        switch (request.method, rest.count) {
        case ("GET", 0):
            try require("vault.list", "readMetadata/action", cloud)
            return page(try held.list(deleted: false).map(currentItem), try pageSize(cloud))
        case ("PUT", 1):
            try require("vault.set", "setSecret/action", cloud)
            return try set(try name(rest[0]), &held)
        case ("DELETE", 1):
            try require("vault.delete", "delete", cloud)
            let entry = try vaulted(rest[0]) { () throws(Vault.Refusal) in try held.delete(rest[0], at: now) }
            return WireAnswer(200, deletedBundle(entry))
        case ("GET", 2) where rest[1].lowercased() == "versions":
            try require("vault.list", "readMetadata/action", cloud)
            let entry = try vaulted(rest[0]) { () throws(Vault.Refusal) in try held.entry(rest[0]) }
            return page(entry.versions.map { item(entry, $0, named: true) }, try pageSize(cloud))
        case ("GET", 1), ("GET", 2):
            try require("vault.get", "getSecret/action", cloud)
            return try get(rest[0], version: rest.count > 1 ? rest[1] : nil, held)
        case ("PATCH", 1), ("PATCH", 2):
            try require("vault.set", "setSecret/action", cloud)
            return try patch(rest[0], version: rest.count > 1 ? rest[1] : nil, &held)
        case (_, 0...2): throw .methodNotAllowed
        default: throw .noSuchResource
        }
    }

    private func deletedSecrets(_ rest: [String], _ held: inout Vault, _ cloud: Cloud) throws(KeyVaultError)
        -> WireAnswer
    {
        switch (request.method, rest.count) {
        case ("GET", 0):
            try require("vault.list", "readMetadata/action", cloud)
            return page(held.list(deleted: true).map(deletedItem), try pageSize(cloud))
        case ("GET", 1):
            try require("vault.list", "readMetadata/action", cloud)
            let entry = try vaulted(rest[0]) { () throws(Vault.Refusal) in try held.deletedEntry(rest[0]) }
            return WireAnswer(200, deletedBundle(entry))
        case ("DELETE", 1):
            try require("vault.purge", "purge/action", cloud)
            try vaulted(rest[0]) { () throws(Vault.Refusal) in try held.purge(rest[0], at: now) }
            return WireAnswer(204)
        case ("POST", 2) where rest[1].lowercased() == "recover":
            try require("vault.recover", "recover/action", cloud)
            let entry = try vaulted(rest[0]) { () throws(Vault.Refusal) in try held.recover(rest[0], at: now)
            }
            guard let current = entry.versions.last else { throw .notFound(rest[0]) }
            return WireAnswer(200, item(entry, current, named: true))
        case (_, 0...2): throw .methodNotAllowed
        default: throw .noSuchResource
        }
    }

    private func get(_ name: String, version: String?, _ held: Vault) throws(KeyVaultError) -> WireAnswer {
        let entry = try vaulted(name) { () throws(Vault.Refusal) in try held.entry(name) }
        let wanted = version ?? entry.versions.last?.id
        guard let found = entry.versions.first(where: { $0.id == wanted }) else {
            throw .notFound("\(name)/\(version ?? "")")
        }
        guard found.enabled else { throw .disabled(found.id) }
        let value: JSON = ["value": .string(found.value)]
        return WireAnswer(200, value.with(contentsOf: item(entry, found, named: true)))
    }

    private func set(_ name: String, _ held: inout Vault) throws(KeyVaultError) -> WireAnswer {
        let wish = try wish(allowsValue: true)
        guard let value = wish.value else {
            throw .badParameter("The parameter value is required: it is missing.")
        }
        let version = Vault.Version(
            id: Random.version(), value: value, contentType: wish.contentType, tags: wish.tags ?? [:],
            enabled: wish.enabled ?? true, notBefore: wish.notBefore, expires: wish.expires, created: now,
            updated: now)
        try vaulted(name) { () throws(Vault.Refusal) in try held.set(name, to: version, at: now) }
        let entry = try vaulted(name) { () throws(Vault.Refusal) in try held.entry(name) }
        let bundle: JSON = ["value": .string(value)]
        return WireAnswer(200, bundle.with(contentsOf: item(entry, version, named: true)))
    }

    private func patch(_ name: String, version: String?, _ held: inout Vault) throws(KeyVaultError)
        -> WireAnswer
    {
        let wish = try wish(allowsValue: false)
        let changed = try vaulted(name) { () throws(Vault.Refusal) in
            try held.update(name, version: version) { version in
                if let contentType = wish.contentType { version.contentType = contentType }
                if let tags = wish.tags { version.tags = tags }
                if let enabled = wish.enabled { version.enabled = enabled }
                if let notBefore = wish.notBefore { version.notBefore = notBefore }
                if let expires = wish.expires { version.expires = expires }
                version.updated = now
            }
        }
        let entry = try vaulted(name) { () throws(Vault.Refusal) in try held.entry(name) }
        return WireAnswer(200, item(entry, changed, named: true))
    }

    private func require(_ right: String, _ action: String, _ cloud: Cloud) throws(KeyVaultError) {
        guard cloud.permits(right, to: caller.appId) else {
            throw .denied(caller, action: action, vault: vault, issuer: issuer)
        }
    }

    /// Does something with the vault, and says its refusals in Key Vault's words.
    private func vaulted<Result>(_ name: String, _ body: () throws(Vault.Refusal) -> Result)
        throws(KeyVaultError) -> Result
    {
        do throws(Vault.Refusal) {
            return try body()
        } catch {
            throw KeyVaultError(error, name: name)
        }
    }
}
