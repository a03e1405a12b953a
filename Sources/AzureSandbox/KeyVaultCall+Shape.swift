internal import FoundationEssentials

extension KeyVaultCall {
    /// A version without its value.
    ///
    /// - Parameter named: whether its id names the version; lists of secrets name the secret alone.
    func item(_ entry: Vault.Entry, _ version: Vault.Version, named: Bool) -> JSON {
        var item: JSON = [:]
        if let contentType = version.contentType { item = item.with("contentType", .string(contentType)) }
        let id = "\(base)/secrets/\(entry.name)" + (named ? "/\(version.id)" : "")
        item = item.with("id", .string(id)).with("attributes", attributes(version))
        guard !version.tags.isEmpty else { return item }
        let tags = version.tags.sorted { $0.key < $1.key }
            .map { JSON.Member(name: $0.key, value: .string($0.value)) }
        return item.with("tags", .object(tags))
    }

    /// A secret in a list.
    func currentItem(_ entry: Vault.Entry) throws(KeyVaultError) -> JSON {
        guard let current = entry.versions.last else { throw .notFound(entry.name) }
        return item(entry, current, named: false)
    }

    /// A deleted secret.
    func deletedBundle(_ entry: Vault.Entry) -> JSON {
        deleted(entry, named: true)
    }

    /// A deleted secret in a list.
    func deletedItem(_ entry: Vault.Entry) -> JSON {
        deleted(entry, named: false)
    }

    /// A page of a list, with the link to the next.
    func page(_ items: [JSON], _ size: Int) -> WireAnswer {
        let start =
            request.parameter("$skiptoken").flatMap(Base64URL.decode)
            .flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        let next: JSON
        if items.count > start + size {
            let token = Base64URL.encode(Array(String(start + size).utf8))
            let path = request.path.map(PercentEncoding.encode).joined(separator: "/")
            next = "\(base)/\(path)?api-version=\(version)&$skiptoken=\(token)&maxresults=\(size)"
        } else {
            next = nil
        }
        return WireAnswer(
            200, ["value": .array(Array(items.dropFirst(start).prefix(size))), "nextLink": next])
    }

    private func deleted(_ entry: Vault.Entry, named: Bool) -> JSON {
        let at = Int((entry.deleted ?? now).timeIntervalSince1970)
        let start: JSON = [
            "recoveryId": "\(base)/deletedsecrets/\(entry.name)", "deletedDate": .integer(at),
            "scheduledPurgeDate": .integer(at + Vault.recoverableDays * 86_400),
        ]
        return start.with(contentsOf: entry.versions.last.map { item(entry, $0, named: named) } ?? [:])
    }

    private func attributes(_ version: Vault.Version) -> JSON {
        var attributes: JSON = ["enabled": .bool(version.enabled)]
        if let notBefore = version.notBefore { attributes = attributes.with("nbf", .integer(notBefore)) }
        if let expires = version.expires { attributes = attributes.with("exp", .integer(expires)) }
        let end: JSON = [
            "created": .integer(Int(version.created.timeIntervalSince1970)),
            "updated": .integer(Int(version.updated.timeIntervalSince1970)),
            "recoveryLevel": "CustomizedRecoverable+Purgeable",
            "recoverableDays": .integer(Vault.recoverableDays),
        ]
        return attributes.with(contentsOf: end)
    }
}
