internal import FoundationEssentials

// Microsoft.ContainerService: clusters, the two resets, and the operations that they begin.
extension ResourceManagerCall {
    /// Answers what AKS answers.
    ///
    /// - Parameter rest: what stands after `Microsoft.ContainerService`.
    func containerService(_ rest: [String], resourceGroup: String?, _ cloud: inout Cloud)
        throws(ResourceManagerError) -> WireAnswer
    {
        if rest.first == "locations", rest.count == 4 { return try operation(rest, cloud) }
        guard rest.first == "managedclusters" else { throw .noSuchResource(request.target) }
        guard Self.clusterVersions.contains(version) else {
            throw .noProvider(
                version, location: cloud.location, type: "managedClusters", supported: Self.clusterVersions)
        }
        guard rest.count > 1 else {
            try requireGet()
            try require("arm.list", "Microsoft.ContainerService/managedClusters/read", cloud)
            return try list(cloud, resourceGroup: resourceGroup)
        }
        guard let resourceGroup else { throw .noSuchResource(request.target) }
        // Rights come before existence: a stranger does not learn which clusters there are.
        switch (request.method, rest.count > 2 ? rest[2] : nil) {
        case ("GET", nil):
            try require("arm.read", "Microsoft.ContainerService/managedClusters/read", cloud)
            let index = try cluster(resourceGroup, cloud)
            return WireAnswer(
                200, ClusterShape.cluster(cloud.clusters[index], cloud), contentType: "application/json")
        case ("POST", "resetserviceprincipalprofile"):
            try require(
                "arm.reset", "Microsoft.ContainerService/managedClusters/resetServicePrincipalProfile/action",
                cloud)
            return try resetServicePrincipal(try cluster(resourceGroup, cloud), &cloud)
        case ("POST", "resetaadprofile"):
            try require(
                "arm.reset", "Microsoft.ContainerService/managedClusters/resetAADProfile/action", cloud)
            return try resetEntraApps(try cluster(resourceGroup, cloud), &cloud)
        case (_, nil): throw .methodNotAllowed(request.method)
        default: throw .noSuchResource(request.target)
        }
    }

    private func cluster(_ resourceGroup: String, _ cloud: Cloud) throws(ResourceManagerError) -> Int {
        let name = request.path[7]
        guard let index = cloud.clusterIndex(name, in: resourceGroup) else {
            throw .clusterNotFound(name, resourceGroup: resourceGroup)
        }
        return index
    }

    private func list(_ cloud: Cloud, resourceGroup: String?) throws(ResourceManagerError) -> WireAnswer {
        let start = request.parameter("$skiptoken").flatMap { Int($0) } ?? 0
        let matching = cloud.clusters.filter {
            resourceGroup == nil || $0.resourceGroup.lowercased() == resourceGroup?.lowercased()
        }
        let size = cloud.tuning.pageSize
        let page = matching.dropFirst(start).prefix(size).map { ClusterShape.cluster($0, cloud) }
        var body: JSON = ["value": .array(page)]
        if matching.count > start + size {
            let path = request.target.split(separator: "?").first ?? ""
            body = body.with(
                "nextLink",
                "\(endpoints.management)\(path)?api-version=\(version)&$skiptoken=\(start + size)")
        }
        return WireAnswer(200, body, contentType: "application/json")
    }

    private func resetServicePrincipal(_ index: Int, _ cloud: inout Cloud) throws(ResourceManagerError)
        -> WireAnswer
    {
        let body = try strings(required: ["clientId"], optional: ["secret"])
        // The document calls the secret optional, since a managed identity has none; AKS then misses it.
        guard let clientId = body["clientId"], let secret = body["secret"], !secret.isEmpty else {
            throw .badBody(
                "The value of parameter servicePrincipalProfile.secret is invalid: it is required.")
        }
        do throws(ClusterRefusal) {
            let operation = try cloud.resetServicePrincipal(
                ofClusterAt: index,
                to: Cluster.ServicePrincipal(clientId: clientId.lowercased(), secret: secret),
                at: now)
            return accepted(operation, cloud.clusters[index], cloud)
        } catch {
            throw ResourceManagerError(error, cluster: cloud.clusters[index], tenant: cloud.tenant)
        }
    }

    private func resetEntraApps(_ index: Int, _ cloud: inout Cloud) throws(ResourceManagerError)
        -> WireAnswer
    {
        let body = try strings(
            required: ["clientAppID", "serverAppID"], optional: ["serverAppSecret", "tenantID"])
        guard let clientAppId = body["clientAppID"], let serverAppId = body["serverAppID"],
            let secret = body["serverAppSecret"], !secret.isEmpty
        else {
            throw .badBody("The value of parameter aadProfile.serverAppSecret is invalid: it is required.")
        }
        do throws(ClusterRefusal) {
            let operation = try cloud.resetEntraApps(
                ofClusterAt: index, clientAppId: clientAppId.lowercased(),
                serverAppId: serverAppId.lowercased(), secret: secret,
                tenant: body["tenantID"] ?? cloud.tenant, at: now)
            return accepted(operation, cloud.clusters[index], cloud)
        } catch {
            throw ResourceManagerError(error, cluster: cloud.clusters[index], tenant: cloud.tenant)
        }
    }

    private func strings(required: [String], optional: [String]) throws(ResourceManagerError)
        -> [String: String]
    {
        guard let members = request.json?.members else { throw .unreadableBody }
        var values: [String: String] = [:]
        for member in members {
            guard (required + optional).contains(member.name) else {
                throw .badBody("Unmarshal request body failed: unknown field \"\(member.name)\".")
            }
            if member.value == .null { continue }
            guard let text = member.value.text else {
                throw .badBody(
                    "Unmarshal request body failed: the field \"\(member.name)\" must be a string.")
            }
            values[member.name] = text
        }
        for name in required where values[name]?.isEmpty ?? true {
            throw .badBody("Required parameter \(name) is missing (null).")
        }
        return values
    }

    private func accepted(_ operation: ClusterOperation, _ cluster: Cluster, _ cloud: Cloud) -> WireAnswer {
        WireAnswer(
            202, ClusterShape.cluster(cluster, cloud),
            headers: operationURLs.headers(of: operation, cloud, endpoints) + retryAfter(cloud),
            contentType: "application/json")
    }

    private func retryAfter(_ cloud: Cloud) -> [(name: String, value: String)] {
        cloud.tuning.retryAfter.map { [("retry-after", String($0))] } ?? []
    }

    private func operation(_ rest: [String], _ cloud: Cloud) throws(ResourceManagerError) -> WireAnswer {
        try requireGet()
        try require("arm.poll", "Microsoft.ContainerService/locations/operations/read", cloud)
        guard let operation = cloud.operations[rest[3]] else {
            throw .operationNotFound
        }
        guard operationURLs.isGenuine(request.target) else { throw .forgedOperation }
        switch rest[2] {
        case "operations":
            let headers = operation.isSettled ? [] : retryAfter(cloud)
            return WireAnswer(
                200, ClusterShape.operation(operation), headers: headers, contentType: "application/json")
        case "operationresults":
            guard !operation.isSettled else { return WireAnswer(204) }
            let location = operationURLs.headers(of: operation, cloud, endpoints).filter {
                $0.name == "location"
            }
            return WireAnswer(202, headers: location + retryAfter(cloud))
        default: throw .noSuchResource(request.target)
        }
    }
}
