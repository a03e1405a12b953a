internal import FoundationEssentials

/// Azure Resource Manager: its gateway, and AKS behind it.
struct ResourceManager: Sendable {
    let endpoints: Endpoints
    let tokens: AccessTokens
    let operationURLs: OperationURLs

    /// Answers a request to management.localhost.
    func answer(_ request: WireRequest, _ cloud: inout Cloud, at now: Date) -> WireAnswer {
        let id = Random.guid()
        let correlation = request.header("x-ms-correlation-request-id") ?? id
        let answer: WireAnswer
        do throws(ResourceManagerError) {
            answer = try route(request, &cloud, at: now)
        } catch {
            answer = error.answer
        }
        let kind = request.method == "GET" ? "reads" : "writes"
        var headers = [
            ("cache-control", "no-cache"), ("pragma", "no-cache"), ("expires", "-1"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            ("x-content-type-options", "nosniff"),
            ("x-ms-ratelimit-remaining-subscription-\(kind)", kind == "reads" ? "11999" : "1199"),
            ("x-ms-request-id", id), ("x-ms-correlation-request-id", correlation),
            (
                "x-ms-routing-request-id",
                "WESTEUROPE:\(Moment.seconds(now).filter { !"-:".contains($0) }):\(id)"
            ),
        ]
        if let clientId = request.header("x-ms-client-request-id") {
            headers.append(("x-ms-client-request-id", clientId))
        }
        return answer.with(headers)
    }

    private func route(_ request: WireRequest, _ cloud: inout Cloud, at now: Date)
        throws(ResourceManagerError) -> WireAnswer
    {
        let path = request.path.map { $0.lowercased() }
        // The one resource that is public.
        if path == ["metadata", "endpoints"] {
            return ResourceManagerShape.metadata(endpoints, cloud, request)
        }
        let caller: Caller
        do throws(TokenFault) {
            caller = try tokens.check(request, audiences: [endpoints.management], at: now)
        } catch {
            throw ResourceManagerError(
                error, audience: endpoints.management, login: endpoints.login, tenant: cloud.tenant, at: now)
        }
        guard let version = request.parameter("api-version") else { throw .missingApiVersion }
        let call = ResourceManagerCall(
            request: request, path: path, version: version, endpoints: endpoints,
            operationURLs: operationURLs,
            caller: caller, now: now)
        return try call.answer(&cloud)
    }
}

/// One request to Resource Manager by a caller who is signed in.
struct ResourceManagerCall {
    let request: WireRequest
    /// The path's segments in lower case: Resource Manager compares without regard to it.
    let path: [String]
    let version: String
    let endpoints: Endpoints
    let operationURLs: OperationURLs
    let caller: Caller
    let now: Date

    /// The served versions of AKS's interface.
    ///
    /// They are those of the documents, recordings and clients that the sandbox was written from.
    static let clusterVersions = ["2021-05-01", "2024-07-01", "2026-04-01", "2026-05-01", "2026-06-01"]
    private static let subscriptionVersions = [
        "2016-06-01", "2018-06-01", "2019-06-01", "2019-11-01", "2021-01-01", "2022-12-01",
    ]
    private static let resourceVersions = [
        "2019-10-01", "2020-06-01", "2020-10-01", "2021-01-01", "2021-04-01", "2022-09-01", "2024-07-01",
        "2024-11-01", "2025-03-01", "2025-04-01",
    ]

    /// Answers it.
    func answer(_ cloud: inout Cloud) throws(ResourceManagerError) -> WireAnswer {
        switch path.first {
        case "tenants" where path.count == 1:
            try requireVersion(of: Self.subscriptionVersions)
            return WireAnswer(200, ["value": [ResourceManagerShape.tenant(cloud)]])
        case "subscriptions":
            return try subscriptions(&cloud)
        case "providers" where path.dropFirst().first == "microsoft.authorization":
            return try authorization(scope: [], Array(path.dropFirst(2)), &cloud)
        default: throw .noSuchResource(request.target)
        }
    }

    private func subscriptions(_ cloud: inout Cloud) throws(ResourceManagerError) -> WireAnswer {
        guard path.count > 1 else {
            try requireVersion(of: Self.subscriptionVersions)
            try requireGet()
            // A caller without any right sees no subscription, and that is no error.
            let visible = cloud.permitted.contains(caller.appId)
            let value: [JSON] = visible ? [ResourceManagerShape.subscription(cloud)] : []
            let total: JSON = ["type": "Total", "value": .integer(value.count)]
            return WireAnswer(200, ["value": .array(value), "count": total])
        }
        guard path[1] == cloud.subscription else { throw .subscriptionNotFound(request.path[1]) }
        let rest = Array(path.dropFirst(2))
        switch rest.first {
        case nil:
            try requireVersion(of: Self.subscriptionVersions)
            try requireGet()
            try require("arm.read", "Microsoft.Resources/subscriptions/read", cloud)
            return WireAnswer(200, ResourceManagerShape.subscription(cloud))
        case "resourcegroups": return try resourceGroups(rest, &cloud)
        case "resources" where rest.count == 1:
            try requireVersion(of: Self.resourceVersions)
            try requireGet()
            try require("arm.read", "Microsoft.Resources/subscriptions/resources/read", cloud)
            return WireAnswer(200, ["value": .array(try resources(cloud))])
        case "providers":
            switch rest.dropFirst().first {
            case "microsoft.authorization":
                return try authorization(
                    scope: Array(path.prefix(2)), Array(rest.dropFirst(2)), &cloud)
            case "microsoft.containerservice":
                return try containerService(Array(rest.dropFirst(2)), resourceGroup: nil, &cloud)
            default: throw .noSuchResource(request.target)
            }
        default: throw .noSuchResource(request.target)
        }
    }

    /// Clusters and vaults, of the one type that a filter may name.
    private func resources(_ cloud: Cloud) throws(ResourceManagerError) -> [JSON] {
        let all = ResourceManagerShape.resources(cloud)
        guard let filter = request.parameter("$filter") else { return all }
        let words = filter.split(separator: " ")
        guard words.count == 3, words[0].lowercased() == "resourcetype", words[1] == "eq" else {
            throw .unsupportedFilter(filter)
        }
        let type = words[2].filter { $0 != "'" }.lowercased()
        return all.filter { $0["type"]?.text?.lowercased() == type }
    }

    private func resourceGroups(_ rest: [String], _ cloud: inout Cloud) throws(ResourceManagerError)
        -> WireAnswer
    {
        guard rest.count > 1 else {
            try requireVersion(of: Self.resourceVersions)
            try requireGet()
            try require("arm.read", "Microsoft.Resources/subscriptions/resourceGroups/read", cloud)
            let groups = cloud.resourceGroups.map { ResourceManagerShape.resourceGroup($0, cloud) }
            return WireAnswer(200, ["value": .array(groups)])
        }
        guard let group = cloud.resourceGroups.first(where: { $0.lowercased() == rest[1] }) else {
            throw .resourceGroupNotFound(request.path[3])
        }
        guard rest.count > 2 else {
            try requireVersion(of: Self.resourceVersions)
            try requireGet()
            try require("arm.read", "Microsoft.Resources/subscriptions/resourceGroups/read", cloud)
            return WireAnswer(200, ResourceManagerShape.resourceGroup(group, cloud))
        }
        // A scope's role assignments stand below any resource.
        if let index = rest.lastIndex(of: "microsoft.authorization"), rest[index - 1] == "providers" {
            return try authorization(
                scope: Array(path.prefix(index + 1)), Array(rest.dropFirst(index + 1)), &cloud)
        }
        guard rest.count > 3, rest[2] == "providers", rest[3] == "microsoft.containerservice" else {
            throw .noSuchResource(request.target)
        }
        return try containerService(Array(rest.dropFirst(4)), resourceGroup: group, &cloud)
    }

    func requireVersion(of supported: [String]) throws(ResourceManagerError) {
        guard supported.contains(version) else { throw .invalidApiVersion(version, supported: supported) }
    }

    func requireGet() throws(ResourceManagerError) {
        guard request.method == "GET" else { throw .methodNotAllowed(request.method) }
    }

    /// Refuses a caller without a right, in the words of the action that needs it.
    func require(_ right: String, _ action: String, _ cloud: Cloud) throws(ResourceManagerError) {
        guard cloud.permits(right, to: caller.appId) else {
            throw .denied(caller, action: action, scope: "/" + request.path.joined(separator: "/"))
        }
    }
}
