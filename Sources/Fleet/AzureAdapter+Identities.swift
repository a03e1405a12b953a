internal import Azure
internal import FoundationEssentials
internal import Rotation

extension AzureAdapter: Identities {
    func application(named displayName: String, in tenant: String) async throws(Failure) -> Identity? {
        try await asFailure { () async throws(AzureError) in
            try await session.graph.applications(named: displayName).first.map { $0.identity(in: tenant) }
        }
    }

    func make(_ application: NewApplication, in tenant: String) async throws(Failure) -> Identity {
        try await asFailure { () async throws(AzureError) in
            try await session.graph.makeApplication(named: application.displayName, application.properties)
                .identity(in: tenant)
        }
    }

    func link(_ client: Identity, to server: Identity, scopeId: String) async throws(Failure) {
        var properties = ApplicationProperties()
        properties.api = .init(
            scopes: [.entraServer(scopeId)], preAuthorized: [.init(appId: client.appId, scopes: [scopeId])])
        let change = properties
        do throws(AzureError) {
            try await session.graph.change(application: server.objectId, change)
        } catch {
            // It was made a moment ago: a replica may not know it, or its client.
            guard error.code == .notFound || error.code == .refused else { throw Failure(error) }
            throw Failure(.notPropagated, error.message, hint: error.hint)
        }
    }

    func makePrincipal(of identity: Identity) async throws(Failure) -> String {
        try await asFailure { () async throws(AzureError) in
            try await session.graph.makeServicePrincipal(appId: identity.appId).id
        }
    }

    func give(_ grant: Grant, to principalId: String) async throws(Failure) {
        try await asFailure { () async throws(AzureError) in
            try await session.resourceManager.assignRole(
                grant.roleDefinitionId, over: grant.scope, to: principalId, named: grant.name,
                condition: grant.condition, conditionVersion: grant.conditionVersion)
        }
    }

    func unmake(_ identity: Identity, grants: [Grant]) async throws(Failure) {
        try await asFailure { () async throws(AzureError) in
            for grant in grants {
                try await session.resourceManager.removeRole(over: grant.scope, named: grant.name)
            }
            try await session.graph.delete(.application, objectId: identity.objectId)
        }
    }
}

// MARK: Roles

extension AzureAdapter {
    /// The roles that an identity holds in some subscriptions, as another is to get them.
    ///
    /// - Throws: ``Failure/Kind/notFound`` where its service principal cannot be seen.
    func roles(of appId: String, _ subscriptions: [String]) async throws(Failure) -> [Grant] {
        var (assignments, names): ([RoleAssignment], [Substring: String]) = ([], [:])
        let principal = try await asFailure { () async throws(AzureError) in
            try await session.graph.object(.servicePrincipal, appId: appId)
        }
        for subscription in subscriptions {
            assignments += try await asFailure { () async throws(AzureError) in
                try await session.resourceManager.roleAssignments(
                    of: principal.id, inSubscription: subscription)
            }
            // The names are for the operator alone.
            let defined = try? await session.resourceManager.roleDefinitions(
                over: "/subscriptions/\(subscription)")
            for role in defined ?? [] { names[role.id.guid] = role.roleName }
        }
        var grants: [Grant] = []
        for assignment in assignments {
            let role = assignment.roleDefinitionId
            let isKnown = grants.contains {
                $0.scope.lowercased() == assignment.scope.lowercased()
                    && $0.roleDefinitionId.lowercased() == role.lowercased()
                    && $0.condition == assignment.condition
            }
            guard !isKnown else { continue }
            grants.append(
                Grant(
                    name: UUID().uuidString.lowercased(), scope: assignment.scope, roleDefinitionId: role,
                    role: names[role.guid], condition: assignment.condition,
                    conditionVersion: assignment.conditionVersion))
        }
        return grants
    }

    /// Roles that the operator has named, over each of some scopes.
    func roles(_ roles: [String], over scopes: [String]) async throws(Failure) -> [Grant] {
        var grants: [Grant] = []
        for scope in scopes {
            for role in roles {
                let definition = try await definition(role, over: scope)
                grants.append(
                    Grant(
                        name: UUID().uuidString.lowercased(), scope: scope, roleDefinitionId: definition.id,
                        role: definition.name))
            }
        }
        return grants
    }

    private func definition(
        _ role: String, over scope: String
    ) async throws(Failure) -> (id: String, name: String?) {
        if role.hasPrefix("/") { return (role, nil) }
        if UUID(uuidString: role) != nil {
            return ("\(scope)/providers/Microsoft.Authorization/roleDefinitions/\(role.lowercased())", nil)
        }
        let found = try await asFailure { () async throws(AzureError) in
            try await session.resourceManager.roleDefinitions(over: scope, named: role)
        }
        guard let definition = found.first, found.count == 1 else {
            throw Failure(
                .notFound,
                "there \(found.isEmpty ? "is no role" : "are \(found.count) roles of the name") \(role) over \(scope)",
                hint: "name it by its GUID: `az role definition list --name` tells it")
        }
        return (definition.id, definition.roleName ?? role)
    }
}

// MARK: What another has taken the place of

extension AzureAdapter {
    /// Disables the identity's service principal.
    func disable(_ identity: Identity) async throws(Failure) {
        try await asFailure { () async throws(AzureError) in
            let principal = try await session.graph.object(.servicePrincipal, appId: identity.appId)
            try await session.graph.setEnabled(false, servicePrincipal: principal.id)
        }
    }

    /// Deletes the identity's application, and with it its service principal; one that is gone is no error.
    func delete(_ identity: Identity) async throws(Failure) {
        try await asFailure { () async throws(AzureError) in
            try await session.graph.delete(
                identity.object == .application ? .application : .servicePrincipal,
                objectId: identity.objectId)
        }
    }
}

extension String {
    /// The last part of a role definition's resource id, which is the same in every scope.
    fileprivate var guid: Substring { self[(lastIndex(of: "/").map(index(after:)) ?? startIndex)...] }
}

extension NewApplication {
    /// What Graph is told of it.
    ///
    /// Source: Microsoft's "Integrate Azure Active Directory with Azure Kubernetes Service (legacy)". The client is let
    /// use the server's scope by the server itself, which needs no right over grants.
    fileprivate var properties: ApplicationProperties {
        var properties = ApplicationProperties()
        switch purpose {
        case .servicePrincipal: break
        case .entraServer(let scopeId):
            properties.groupMembershipClaims = "All"
            properties.api = .init(scopes: [.entraServer(scopeId)])
            properties.requiredResourceAccess = [
                .init(
                    GraphPermission.resource,
                    [
                        .scope(GraphPermission.userRead), .scope(GraphPermission.directoryReadDelegated),
                        .role(GraphPermission.directoryRead),
                    ])
            ]
        case .entraClient(let serverAppId, let scopeId):
            properties.isFallbackPublicClient = true
            properties.publicClient = .init(redirectUris: ["http://localhost"])
            properties.requiredResourceAccess = [.init(serverAppId, [.scope(scopeId)])]
        }
        return properties
    }
}

/// Microsoft Graph and its permissions, by the ids that they have in every tenant.
private enum GraphPermission {
    static let resource = "00000003-0000-0000-c000-000000000000"
    /// User.Read, delegated.
    static let userRead = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
    /// Directory.Read.All, delegated.
    static let directoryReadDelegated = "06da0dbc-49e2-44d2-8312-53f166ab848a"
    /// Directory.Read.All, the application's own.
    static let directoryRead = "7ab1d382-f21e-4acd-a863-ba3e13f7da61"
}

extension ApplicationProperties.Scope {
    /// What the client asks for in the name of a user.
    fileprivate static func entraServer(_ id: String) -> Self {
        .init(
            id: id, value: "user_impersonation", displayName: "Access the cluster",
            description: "Lets kubectl reach the cluster in the name of the signed-in user")
    }
}

extension DirectoryObject {
    /// The identity that a new application is.
    fileprivate func identity(in tenant: String) -> Identity {
        Identity(appId: appId, tenant: tenant, object: .application, objectId: id)
    }
}
