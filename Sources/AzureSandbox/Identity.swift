internal import FoundationEssentials

/// One entry of an object's `passwordCredentials`.
struct PasswordCredential: Sendable, Equatable {
    let keyId: String
    let displayName: String?
    /// Made up by the sandbox, and worth nothing outside of it: so it may be an ordinary string.
    let secret: String
    let start: Date
    let end: Date
    /// When it was added: Entra accepts it a while later.
    let added: Date

    /// The first three characters, which Graph shows for ever.
    var hint: String { String(secret.prefix(3)) }
}

/// An application or a service principal: the two share what matters here, and have separate credentials.
struct DirectoryObject: Sendable, Equatable {
    /// Which of the two it is.
    enum Kind: String, Sendable, CaseIterable {
        case application
        case servicePrincipal
    }

    let kind: Kind
    /// The object id.
    let id: String
    let appId: String
    var displayName: String
    let created: Date
    var credentials: [PasswordCredential] = []
    /// Properties that a client wrote and that the sandbox keeps without giving them a meaning.
    var extra: [String: JSON] = [:]

    /// Whether this principal may sign in.
    var isEnabled: Bool { extra["accountEnabled"]?.flag ?? true }
}
