internal import FoundationEssentials

// addPassword and removePassword: learn.microsoft.com/graph/api/application-addpassword and -removepassword.
extension GraphCall {
    /// Adds a credential, and answers with the only sight of its secret.
    func addPassword(_ kind: DirectoryObject.Kind, _ key: Key, _ cloud: inout Cloud) throws(GraphError)
        -> WireAnswer
    {
        try require("graph.addPassword", cloud)
        let object = try find(kind, key, in: cloud.directory.primary)
        let wish = try wantedCredential()
        var secret = Random.secret()
        if cloud.tuning.badCharacters > 0 {
            cloud.tuning.badCharacters -= 1
            secret = Random.secretWithBadCharacter()
        }
        let credential = try write(&cloud) { directory throws(GraphError) in
            directory.addCredential(
                to: object.id, displayName: wish.displayName, secret: secret, start: wish.start,
                end: wish.end, added: now)
        }
        let body = GraphShape.credential(credential, revealing: true)
        return WireAnswer(
            graph: 200, context: "microsoft.graph.passwordCredential", body, endpoints,
            headers: [("location", endpoints.graph)])
    }

    /// Removes a credential.
    func removePassword(_ kind: DirectoryObject.Kind, _ key: Key, _ cloud: inout Cloud) throws(GraphError)
        -> WireAnswer
    {
        try require("graph.removePassword", cloud)
        let object = try find(kind, key, in: cloud.directory.primary)
        let members = try bodyMembers()
        for member in members where member.name != "keyId" { throw .bad(unexpected(member.name)) }
        guard let keyId = members.first?.value.text, UUID(uuidString: keyId) != nil else {
            throw .bad("Invalid value specified for property 'keyId' of resource 'PasswordCredential'.")
        }
        try write(&cloud) { directory throws(GraphError) in
            guard directory.removeCredential(keyId, from: object.id) else {
                throw .bad("No password credential found with keyId.")
            }
        }
        return WireAnswer(204)
    }

    private struct Wish {
        var displayName: String?
        var start: Date
        var end: Date
    }

    private func wantedCredential() throws(GraphError) -> Wish {
        var given: [JSON.Member] = []
        if !request.body.isEmpty {
            for member in try bodyMembers() {
                guard member.name == "passwordCredential" else { throw .bad(unexpected(member.name)) }
                guard member.value != .null else { continue }
                guard let members = member.value.members else { throw .unreadableBody }
                given = members
            }
        }
        var displayName: String?
        var start: Date?
        var end: Date?
        for member in given {
            switch member.name {
            case "displayName":
                displayName = try text(member)
                if let displayName, displayName.utf16.count > 120 {
                    throw .bad("Property displayName is invalid: at most 120 characters.")
                }
            case "startDateTime": start = try date(member)
            case "endDateTime": end = try date(member)
            case "customKeyIdentifier", "hint", "keyId", "secretText": continue
            default: throw .bad(unexpected(member.name))
            }
        }
        let begin = start ?? now
        let finish = end ?? Self.twoYears(after: begin)
        guard begin < finish, now < finish else { throw .bad("Key credential end date is invalid.") }
        return Wish(displayName: displayName, start: begin, end: finish)
    }

    /// The default end: two years after the start.
    private static func twoYears(after start: Date) -> Date {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar.date(byAdding: .year, value: 2, to: start)
            ?? start.addingTimeInterval(2 * 365 * 86_400)
    }

    private func date(_ member: JSON.Member) throws(GraphError) -> Date? {
        guard let text = try text(member) else { return nil }
        guard let date = Moment.parse(text) else {
            throw .bad("Cannot convert the literal '\(text)' to the expected type 'Edm.DateTimeOffset'.")
        }
        // Graph keeps whole seconds of what a client names.
        return Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down))
    }
}

extension GraphCall {
    /// The members of the body, which must be an object.
    func bodyMembers() throws(GraphError) -> [JSON.Member] {
        guard let members = request.json?.members else { throw .unreadableBody }
        return members
    }

    /// The text of a member, `nil` for `null`.
    func text(_ member: JSON.Member) throws(GraphError) -> String? {
        if member.value == .null { return nil }
        guard let text = member.value.text else {
            throw .bad("An unexpected type was found for property '\(member.name)': a string was expected.")
        }
        return text
    }

    /// Graph's words for a property that it does not know.
    func unexpected(_ name: String) -> String {
        "Invalid property '\(name)'."
    }
}
