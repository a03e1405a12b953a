internal import FoundationEssentials

/// Why AKS does not begin what it is asked.
enum ClusterRefusal: Error, Equatable {
    case notServicePrincipal
    case notLegacyEntra
    case stopped
    case busy
    case badCharacters(String)
    case unknownClient(String)
    case wrongSecret(String)
    case expiredSecret(String)
}

extension Cloud {
    /// Which position a cluster has, by its resource group's and its own name; case does not matter.
    func clusterIndex(_ name: String, in resourceGroup: String) -> Int? {
        let key = Cluster.key(name, in: resourceGroup)
        return clusters.firstIndex { $0.key == key }
    }

    /// Gives a cluster another service principal or secret: it holds it from now on, and an operation runs.
    ///
    /// - Returns: the operation.
    mutating func resetServicePrincipal(
        ofClusterAt index: Int, to principal: Cluster.ServicePrincipal, at now: Date
    ) throws(ClusterRefusal) -> ClusterOperation {
        guard clusters[index].servicePrincipal != nil else { throw .notServicePrincipal }
        try checkReady(clusters[index])
        let credential = try checkSecret(principal.secret, of: principal.clientId, at: now)
        clusters[index].servicePrincipal = principal
        clusters[index].history.append(
            Cluster.Change(at: now, keyId: credential.keyId, credential: .servicePrincipal))
        return begin(onClusterAt: index, at: now)
    }

    /// Gives a cluster other Entra applications or another secret of the server application.
    ///
    /// - Returns: the operation.
    mutating func resetEntraApps(
        ofClusterAt index: Int, clientAppId: String, serverAppId: String, secret: String, tenant: String,
        at now: Date
    ) throws(ClusterRefusal) -> ClusterOperation {
        guard case .legacy = clusters[index].entra else { throw .notLegacyEntra }
        try checkReady(clusters[index])
        let credential = try checkSecret(secret, of: serverAppId, at: now)
        clusters[index].entra = .legacy(
            clientAppId: clientAppId, serverAppId: serverAppId, serverAppSecret: secret, tenant: tenant)
        clusters[index].history.append(
            Cluster.Change(at: now, keyId: credential.keyId, credential: .entraApp))
        return begin(onClusterAt: index, at: now)
    }

    private func checkReady(_ cluster: Cluster) throws(ClusterRefusal) {
        if cluster.powerState == "Stopped" { throw .stopped }
        if cluster.operation != nil { throw .busy }
        // A state set from outside stands for an operation of somebody else's.
        if !["Succeeded", "Failed", "Canceled"].contains(cluster.provisioningState) { throw .busy }
    }

    private func checkSecret(_ secret: String, of appId: String, at now: Date) throws(ClusterRefusal)
        -> PasswordCredential
    {
        let refused = ["`", "'"].filter { (character: String) in secret.contains(character) }
        guard refused.isEmpty else { throw .badCharacters(refused.joined(separator: " ")) }
        let verdict = directory.primary.judge(
            secret: secret, of: appId, at: now, propagation: tuning.aksDelay)
        switch verdict {
        case .accepted(let credential): return credential
        case .unknownClient: throw .unknownClient(appId)
        case .wrongSecret: throw .wrongSecret(appId)
        case .expired: throw .expiredSecret(appId)
        }
    }

    private mutating func begin(onClusterAt index: Int, at now: Date) -> ClusterOperation {
        let operation = ClusterOperation(
            id: Random.guid(), cluster: clusters[index].name, start: now,
            end: now.addingTimeInterval(tuning.operationTime), succeeds: tuning.operationFails == 0)
        tuning.operationFails = max(0, tuning.operationFails - 1)
        begin(operation)
        clusters[index].operation = operation.id
        clusters[index].provisioningState = "Updating"
        return operation
    }
}
