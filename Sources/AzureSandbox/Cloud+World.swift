internal import FoundationEssentials

extension Cloud {
    /// The name of the account that signs in to the sandbox.
    static let operatorName = "operator"

    /// The world in which a sandbox starts: an operator with every right, a vault, and some clusters whose
    /// credentials were made by hand and soon expire.
    ///
    /// - Returns: the operator's application and credential.
    mutating func populate(clusters count: Int, at now: Date) -> (
        application: DirectoryObject, credential: PasswordCredential
    ) {
        let account = addIdentity(named: Self.operatorName, credential: "sandbox", days: 365, at: now)
        permitted.insert(account.application.appId)
        vaults["ops"] = Vault()
        for number in 1...max(1, count) {
            let name = number == 1 ? "demo" : "demo-\(number)"
            let made = addIdentity(named: "\(name)-sp", credential: nil, days: 12, at: now)
            var cluster = Cluster(name: name, resourceGroup: Self.resourceGroup, location: location)
            cluster.servicePrincipal = Cluster.ServicePrincipal(
                clientId: made.application.appId, secret: made.credential.secret)
            add(cluster, at: now)
        }
        return account
    }

    /// Adds a cluster, with the role that its identity needs over its network.
    mutating func add(_ cluster: Cluster, at now: Date) {
        clusters.append(cluster)
        guard let appId = cluster.servicePrincipal?.clientId,
            let principal = directory.primary.object(.servicePrincipal, appId: appId)
        else { return }
        let role = Role.all[1]
        let scope = "/subscriptions/\(subscription)/resourceGroups/\(cluster.resourceGroup)"
        guard !roleAssignments.contains(where: { $0.principalId == principal.id && $0.scope == scope }) else {
            return
        }
        roleAssignments.append(
            RoleAssignment(
                name: Random.guid(), scope: scope, roleDefinitionId: role.resourceId(in: subscription),
                principalId: principal.id, principalType: "ServicePrincipal", created: now))
    }

    /// Adds an application and its service principal that everybody has known for long.
    mutating func directoryAdd(named name: String, at now: Date) -> DirectoryObject {
        let made = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down) - 400 * 86_400)
        return directory.write(at: now, lag: 0) { $0.addIdentity(named: name, at: made) }
    }

    /// Adds an identity with one credential, which was added long ago as far as propagation goes.
    mutating func addIdentity(named name: String, credential displayName: String?, days: Double, at now: Date)
        -> (application: DirectoryObject, credential: PasswordCredential)
    {
        let application = directoryAdd(named: name, at: now)
        let start = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down) - 86_400)
        let credential = directory.write(at: now, lag: 0) { directory in
            directory.addCredential(
                to: application.id, displayName: displayName, start: start,
                end: start.addingTimeInterval((days + 1) * 86_400), added: .distantPast)
        }
        return (application, credential)
    }
}
