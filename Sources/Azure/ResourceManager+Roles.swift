internal import FoundationEssentials
internal import HTTP
internal import SecretMemory

/// A role that a principal holds over a scope.
public struct RoleAssignment: Decodable, Sendable, Equatable {
    /// What it is over: a resource id.
    public let scope: String
    /// The resource id of the role's definition.
    public let roleDefinitionId: String
    /// Whose it is: an object id.
    public let principalId: String
    /// The condition that narrows it down.
    public let condition: String?
    /// The version of the condition's language.
    public let conditionVersion: String?

    private enum CodingKeys: String, CodingKey { case properties }
    private enum PropertyKeys: String, CodingKey {
        case scope, roleDefinitionId, principalId, condition, conditionVersion
    }

    /// Reads Resource Manager's role assignment.
    public init(from decoder: any Decoder) throws {
        let properties = try decoder.container(keyedBy: CodingKeys.self)
            .nestedContainer(keyedBy: PropertyKeys.self, forKey: .properties)
        scope = try properties.decode(String.self, forKey: .scope)
        roleDefinitionId = try properties.decode(String.self, forKey: .roleDefinitionId)
        principalId = try properties.decode(String.self, forKey: .principalId)
        condition = try properties.decodeIfPresent(String.self, forKey: .condition)
        conditionVersion = try properties.decodeIfPresent(String.self, forKey: .conditionVersion)
    }
}

/// A role, as it is defined.
public struct RoleDefinition: Decodable, Sendable, Equatable {
    /// Its resource id.
    public let id: String
    /// Its name: `Contributor` and the like.
    public let roleName: String?

    private enum CodingKeys: String, CodingKey { case id, properties }
    private enum PropertyKeys: String, CodingKey { case roleName }

    /// Reads Resource Manager's role definition.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .id)
        roleName = try container.nestedContainer(keyedBy: PropertyKeys.self, forKey: .properties)
            .decodeIfPresent(String.self, forKey: .roleName)
    }
}

/// Microsoft.Authorization: who holds which role over what.
extension ResourceManager {
    /// The api-version of Microsoft.Authorization, the one that azure-cli uses.
    private static let authorizationVersion = "2022-04-01"

    /// The roles that a principal itself holds over a subscription, above it and below it.
    public func roleAssignments(
        of principalId: String, inSubscription subscription: String
    ) async throws(AzureError) -> [RoleAssignment] {
        let first =
            authorization("/subscriptions/\(subscription)", "roleAssignments")
            + "&$filter=principalId%20eq%20'\(URLText.segment(principalId))'"
        let assignments: [RoleAssignment] = try await list(
            "list the roles of principal \(principalId)", from: first)
        return assignments.filter { $0.principalId.lowercased() == principalId.lowercased() }
    }

    /// What the signed-in account may do with a resource.
    ///
    /// Source: Microsoft's "Permissions - List For Resource".
    public func permissions(on resourceId: String) async throws(AzureError) -> Permissions {
        Permissions(
            try await list(
                "list the permissions on \(Self.name(resourceId))",
                from: authorization(resourceId, "permissions")))
    }

    /// The roles that can be given over `scope`: those of one name, or all.
    public func roleDefinitions(
        over scope: String, named roleName: String? = nil
    ) async throws(AzureError) -> [RoleDefinition] {
        var url = authorization(scope, "roleDefinitions")
        if let roleName {
            let name = roleName.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "''")
            url += "&$filter=roleName%20eq%20'\(URLText.segment(name))'"
        }
        let what = roleName.map { "look for the role \($0)" } ?? "list the roles of \(scope)"
        let call = ServiceCall(.resourceManager, what, .get, url, audience: audience)
        let response = try await transport.send(call)
        let page: Page<RoleDefinition> = try call.decode(response.body.bytes)
        return page.value
    }

    /// Gives a role to a service principal; one that it has over that scope already is no error.
    ///
    /// The principal's type is said, as Microsoft advises for one that was made a moment ago ("Troubleshoot Azure
    /// RBAC"): what cannot be found is then taken for replication delay.
    ///
    /// - Parameter name: the assignment's own name, a GUID; asked twice for one name, there is one assignment.
    /// - Throws: ``AzureError/Code/notKnownYet`` where a replica does not know the principal.
    public func assignRole(
        _ roleDefinitionId: String, over scope: String, to principalId: String, named name: String,
        condition: String?, conditionVersion: String?
    ) async throws(AzureError) {
        var body = SecretBuffer()
        body.append("{\"properties\":{\"roleDefinitionId\":")
        body.appendJSONString(roleDefinitionId)
        body.append(",\"principalId\":")
        body.appendJSONString(principalId)
        body.append(",\"principalType\":\"ServicePrincipal\"")
        if let condition {
            body.append(",\"condition\":")
            body.appendJSONString(condition)
            body.append(",\"conditionVersion\":")
            body.appendJSONString(conditionVersion ?? "2.0")
        }
        body.append("}}")
        let call = ServiceCall(
            .resourceManager, "give principal \(principalId) a role over \(scope)", .put,
            authorization(scope, "roleAssignments/\(URLText.segment(name))"), audience: audience, body: body)
        do throws(AzureError) {
            _ = try await transport.send(call)
        } catch {
            if error.serviceCode == "RoleAssignmentExists" { return }
            guard
                error.serviceCode == "PrincipalNotFound"
                    || error.message.contains("does not exist in the directory")
            else { throw error }
            throw error.as(.notKnownYet)
        }
    }

    /// Takes a role away; one that is not there is no error.
    public func removeRole(over scope: String, named name: String) async throws(AzureError) {
        let call = ServiceCall(
            .resourceManager, "take a role over \(scope) away", .delete,
            authorization(scope, "roleAssignments/\(URLText.segment(name))"), audience: audience)
        do throws(AzureError) {
            _ = try await transport.send(call)
        } catch {
            guard error.code == .notFound else { throw error }
        }
    }

    private func authorization(_ scope: String, _ rest: String) -> String {
        "\(endpoint)\(Self.path(scope))/providers/Microsoft.Authorization/\(rest)"
            + "?api-version=\(Self.authorizationVersion)"
    }

    /// A resource id as a path, whatever stands in it.
    private static func path(_ resourceId: String) -> String {
        resourceId.split(separator: "/").map { "/" + URLText.segment(String($0)) }.joined()
    }
}
