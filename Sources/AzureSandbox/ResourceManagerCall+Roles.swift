internal import FoundationEssentials

// Microsoft.Authorization: who holds which role over what.
extension ResourceManagerCall {
    private static let versions = ["2015-07-01", "2020-10-01-preview", "2022-04-01", "2022-05-01-preview"]

    /// Answers what is asked of a scope's roles.
    ///
    /// - Parameter rest: what stands after `Microsoft.Authorization`.
    func authorization(scope: [String], _ rest: [String], _ cloud: inout Cloud)
        throws(ResourceManagerError) -> WireAnswer
    {
        try requireVersion(of: Self.versions)
        let scope = "/" + request.path.prefix(scope.count).joined(separator: "/")
        switch (request.method, rest.first, rest.count) {
        case ("GET", "roledefinitions", 1):
            try require("arm.read", "Microsoft.Authorization/roleDefinitions/read", cloud)
            let filter = request.parameter("$filter") ?? ""
            let roles = Role.all.filter { !filter.contains("roleName") || filter.contains("'\($0.name)'") }
            return WireAnswer(200, ["value": .array(roles.map { definition($0, cloud) })])
        case ("GET", "roledefinitions", 2):
            try require("arm.read", "Microsoft.Authorization/roleDefinitions/read", cloud)
            guard let role = Role.all.first(where: { $0.id == rest[1] }) else {
                throw .noSuchResource(request.target)
            }
            return WireAnswer(200, definition(role, cloud))
        case ("GET", "permissions", 1):
            try require("arm.read", "Microsoft.Authorization/permissions/read", cloud)
            return WireAnswer(200, ["value": [permission(cloud)]])
        case ("GET", "roleassignments", 1):
            try require("arm.read", "Microsoft.Authorization/roleAssignments/read", cloud)
            return WireAnswer(200, ["value": .array(matching(scope, cloud).map { assignment($0) })])
        case ("GET", "roleassignments", 2):
            try require("arm.read", "Microsoft.Authorization/roleAssignments/read", cloud)
            return WireAnswer(200, assignment(try existing(rest[1], cloud)))
        case ("PUT", "roleassignments", 2):
            try require("arm.write", "Microsoft.Authorization/roleAssignments/write", cloud)
            return try assign(scope, name: rest[1], &cloud)
        case ("DELETE", "roleassignments", 2):
            try require("arm.write", "Microsoft.Authorization/roleAssignments/delete", cloud)
            guard let found = cloud.roleAssignments.first(where: { $0.name == rest[1] }) else {
                return WireAnswer(204)
            }
            cloud.roleAssignments.removeAll { $0 == found }
            return WireAnswer(200, assignment(found))
        default: throw .noSuchResource(request.target)
        }
    }

    /// What the caller may do: everything but what was taken from it.
    private func permission(_ cloud: Cloud) -> JSON {
        let taken = cloud.denied.flatMap { Self.actions[$0] ?? [] }.sorted()
        return [
            "actions": ["*"], "notActions": .array(taken.map(JSON.string)), "dataActions": [],
            "notDataActions": [],
        ]
    }

    private static let actions = [
        "arm.reset": [
            "Microsoft.ContainerService/managedClusters/resetAADProfile/action",
            "Microsoft.ContainerService/managedClusters/resetServicePrincipalProfile/action",
        ],
        "arm.write": ["Microsoft.Authorization/roleAssignments/write"],
    ]

    private func existing(_ name: String, _ cloud: Cloud) throws(ResourceManagerError) -> RoleAssignment {
        guard let found = cloud.roleAssignments.first(where: { $0.name == name }) else {
            throw .noSuchResource(request.target)
        }
        return found
    }

    /// The assignments at, above and below a scope, of the principal that the filter names.
    private func matching(_ scope: String, _ cloud: Cloud) -> [RoleAssignment] {
        let filter = request.parameter("$filter") ?? ""
        let principal = filter.split(separator: "'").dropFirst().first.map { $0.lowercased() }
        let here = scope.lowercased()
        return cloud.roleAssignments.filter { assignment in
            let there = assignment.scope.lowercased()
            let related =
                filter.contains("atScope()")
                ? here.hasPrefix(there) : there.hasPrefix(here) || here.hasPrefix(there)
            return related && (principal == nil || assignment.principalId == principal)
        }
    }

    private func assign(_ scope: String, name: String, _ cloud: inout Cloud) throws(ResourceManagerError)
        -> WireAnswer
    {
        guard let properties = request.json?["properties"] else { throw .unreadableBody }
        guard let role = properties["roleDefinitionId"]?.text, let principal = properties["principalId"]?.text
        else {
            throw .badRoleAssignment(
                "The request was incorrectly formatted: roleDefinitionId and principalId are required.")
        }
        guard UUID(uuidString: name) != nil else {
            throw .badRoleAssignment("The role assignment ID '\(name)' is not valid. It must be a GUID.")
        }
        // Where the client says what the principal is, its absence is taken for replication delay.
        let known = cloud.directory.read(
            at: now, lag: cloud.tuning.directoryLag, lagging: Bool.random()
        ).objects.contains { $0.id == principal.lowercased() }
        guard known || properties["principalType"]?.text != nil else {
            throw .principalNotFound(principal, tenant: cloud.tenant)
        }
        let made = RoleAssignment(
            name: name, scope: scope, roleDefinitionId: role, principalId: principal.lowercased(),
            principalType: properties["principalType"]?.text ?? "ServicePrincipal", created: now)
        let same = cloud.roleAssignments.contains {
            $0.scope.lowercased() == scope.lowercased() && $0.principalId == made.principalId
                && $0.roleDefinitionId.lowercased() == role.lowercased()
        }
        guard !same else { throw .roleAssignmentExists }
        cloud.roleAssignments.append(made)
        return WireAnswer(201, assignment(made))
    }

    private func assignment(_ assignment: RoleAssignment) -> JSON {
        let created = JSON.string(Moment.ticks(assignment.created))
        return [
            "properties": [
                "roleDefinitionId": .string(assignment.roleDefinitionId),
                "principalId": .string(assignment.principalId),
                "principalType": .string(assignment.principalType), "scope": .string(assignment.scope),
                "condition": nil, "conditionVersion": nil, "createdOn": created, "updatedOn": created,
                "createdBy": .string(caller.objectId), "updatedBy": .string(caller.objectId),
                "delegatedManagedIdentityResourceId": nil, "description": nil,
            ],
            "id": "\(assignment.scope)/providers/Microsoft.Authorization/roleAssignments/\(assignment.name)",
            "type": "Microsoft.Authorization/roleAssignments", "name": .string(assignment.name),
        ]
    }

    private func definition(_ role: Role, _ cloud: Cloud) -> JSON {
        [
            "properties": [
                "roleName": .string(role.name), "type": "BuiltInRole", "description": .string(role.name),
                "assignableScopes": ["/"],
                "permissions": [
                    ["actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []]
                ],
            ],
            "id": .string(role.resourceId(in: cloud.subscription)),
            "type": "Microsoft.Authorization/roleDefinitions", "name": .string(role.id),
        ]
    }
}

extension Role {
    /// The definition's resource id.
    func resourceId(in subscription: String) -> String {
        "/subscriptions/\(subscription)/providers/Microsoft.Authorization/roleDefinitions/\(id)"
    }
}
