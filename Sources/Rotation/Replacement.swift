/// A new identity in place of the plan's, made before a credential is added: what `rotate --replace` asks for.
public struct Replacement: Codable, Sendable, Equatable {
    /// The name of the new application, which no other has.
    public let displayName: String
    /// The roles that the new service principal is given, one after the other.
    public let grants: [Grant]

    /// Names a new identity.
    public init(displayName: String, grants: [Grant]) {
        self.displayName = displayName
        self.grants = grants
    }
}

/// One role over one scope, as the new service principal gets it.
public struct Grant: Codable, Sendable, Hashable {
    /// The role assignment's own name, a GUID: chosen beforehand, so that asking twice gives one assignment.
    public let name: String
    /// The resource id of what the role is over.
    public let scope: String
    /// The resource id of the role's definition.
    public let roleDefinitionId: String
    /// The role's name, where it is known.
    public let role: String?
    /// The condition that narrows the assignment down, which a copy must not lose.
    public let condition: String?
    /// The version of the condition's language.
    public let conditionVersion: String?

    /// Names a role over a scope.
    public init(
        name: String, scope: String, roleDefinitionId: String, role: String? = nil,
        condition: String? = nil, conditionVersion: String? = nil
    ) {
        self.name = name
        self.scope = scope
        self.roleDefinitionId = roleDefinitionId
        self.role = role
        self.condition = condition
        self.conditionVersion = conditionVersion
    }
}

/// Where new identities are made: Microsoft Graph and Resource Manager, to a rotation.
///
/// A fresh object is not known everywhere at once; what says so throws ``Failure/Kind/notPropagated``.
public protocol Identities: Sendable {
    /// The application of this name, as some replica of the directory knows it.
    func application(named displayName: String, in tenant: String) async throws(Failure) -> Identity?

    /// Makes an application, once: where the answer is lost it throws ``Failure/Kind/answerLost`` and does not
    /// ask again.
    func makeApplication(named displayName: String, in tenant: String) async throws(Failure) -> Identity

    /// Makes the service principal of an application; one that is there already is no error.
    ///
    /// - Returns: the service principal's object id.
    func makePrincipal(of identity: Identity) async throws(Failure) -> String

    /// Gives a role to a service principal; one that it has already is no error.
    func give(_ grant: Grant, to principalId: String) async throws(Failure)

    /// Takes back what was made: the roles, then the application with its service principal; what is not there
    /// is no error.
    func unmake(_ identity: Identity, grants: [Grant]) async throws(Failure)
}
