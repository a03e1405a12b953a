/// A new identity in place of the plan's, made before a credential is added: what `rotate --replace` asks for.
public struct Replacement: Codable, Sendable, Equatable {
    /// The name of the new application, which no other has.
    public let displayName: String
    /// The roles that the new service principal is given, one after the other.
    public let grants: [Grant]
    /// The legacy Entra integration whose server application it is; `nil` for a service principal.
    public let entra: EntraIntegration?

    /// Names a new identity.
    public init(displayName: String, grants: [Grant], entra: EntraIntegration? = nil) {
        self.displayName = displayName
        self.grants = grants
        self.entra = entra
    }
}

/// What a new server application of a legacy Entra integration has beside itself.
public struct EntraIntegration: Codable, Sendable, Hashable {
    /// The name of the new client application, which no other has.
    public let clientDisplayName: String
    /// The id of the scope that the server application offers to its client, a GUID.
    public let scopeId: String

    /// Names a client and a scope.
    public init(clientDisplayName: String, scopeId: String) {
        self.clientDisplayName = clientDisplayName
        self.scopeId = scopeId
    }
}

/// An application that is to be made.
public struct NewApplication: Sendable, Equatable {
    /// What it is for.
    public enum Purpose: Sendable, Equatable {
        /// Its service principal is a cluster's.
        case servicePrincipal
        /// It is the server of a legacy Entra integration, and offers a scope of this id.
        case entraServer(scopeId: String)
        /// It is the client of a legacy Entra integration, and wants the server's scope.
        case entraClient(serverAppId: String, scopeId: String)
    }

    /// Its unique name.
    public let displayName: String
    /// What it is for.
    public let purpose: Purpose
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
    func make(_ application: NewApplication, in tenant: String) async throws(Failure) -> Identity

    /// Makes the service principal of an application; one that is there already is no error.
    ///
    /// - Returns: the service principal's object id.
    func makePrincipal(of identity: Identity) async throws(Failure) -> String

    /// Gives a role to a service principal; one that it has already is no error.
    func give(_ grant: Grant, to principalId: String) async throws(Failure)

    /// Lets the client of a legacy Entra integration use the server's scope, without asking each user; asking twice
    /// does it once.
    func link(_ client: Identity, to server: Identity, scopeId: String) async throws(Failure)

    /// Takes back what was made: the roles, then the application with its service principal; what is not there
    /// is no error.
    func unmake(_ identity: Identity, grants: [Grant]) async throws(Failure)
}
