internal import FoundationEssentials

/// Microsoft Graph v1.0, as far as applications, service principals and their credentials go.
struct Graph: Sendable {
    let endpoints: Endpoints
    let tokens: AccessTokens

    /// Answers a request to graph.localhost.
    func answer(_ request: WireRequest, _ cloud: inout Cloud, at now: Date) -> WireAnswer {
        let id = Random.guid()
        let clientId = request.header("client-request-id") ?? id
        let answer: WireAnswer
        do throws(GraphError) {
            answer = try route(request, &cloud, at: now)
        } catch {
            answer = error.answer(at: now, requestId: id, clientRequestId: clientId)
        }
        return answer.with([
            ("cache-control", "no-cache"), ("strict-transport-security", "max-age=31536000"),
            ("request-id", id), ("client-request-id", clientId),
            ("x-ms-resource-unit", request.method == "GET" && !request.query.isEmpty ? "2" : "1"),
        ])
    }

    private func route(_ request: WireRequest, _ cloud: inout Cloud, at now: Date) throws(GraphError)
        -> WireAnswer
    {
        let caller: Caller
        do throws(TokenFault) {
            caller = try tokens.check(request, audiences: [endpoints.graph, Entra.graphId], at: now)
        } catch {
            throw GraphError(error)
        }
        guard request.path.first == "v1.0" else { throw .invalidVersion }
        var call = GraphCall(request: request, endpoints: endpoints, caller: caller, now: now)
        return try call.answer(&cloud)
    }
}

/// One request to Graph by a caller who is signed in.
struct GraphCall {
    let request: WireRequest
    let endpoints: Endpoints
    let caller: Caller
    let now: Date
    /// Whether a replica that lags answers this read.
    var lagging = Bool.random()

    /// Answers it.
    mutating func answer(_ cloud: inout Cloud) throws(GraphError) -> WireAnswer {
        // `applications(appId='…')` is one segment that names a collection and a key.
        var segments = Array(request.path.dropFirst())
        guard let first = segments.first else { throw .unknownSegment("") }
        segments.removeFirst()
        let (name, key) = try Self.parse(first)
        switch (name, segments.first) {
        case ("applications", _), ("servicePrincipals", _):
            let kind: DirectoryObject.Kind = name == "applications" ? .application : .servicePrincipal
            return try collection(kind, key: key, segments, &cloud)
        case ("directoryObjects", "getByIds"): return try getByIds(cloud)
        case ("organization", nil): return try organization(cloud)
        default: throw .unknownSegment(first)
        }
    }

    /// Where an object is named by.
    enum Key {
        case id(String)
        case appId(String)
    }

    private func collection(
        _ kind: DirectoryObject.Kind, key: Key?, _ segments: [String], _ cloud: inout Cloud
    ) throws(GraphError) -> WireAnswer {
        var segments = segments
        var key = key
        if key == nil, let first = segments.first {
            key = .id(first)
            segments.removeFirst()
        }
        guard let key else {
            switch request.method {
            case "GET": return try list(kind, cloud)
            case "POST": return try create(kind, &cloud)
            default: throw .methodNotAllowed
            }
        }
        switch (request.method, segments) {
        case ("GET", []): return try read(kind, key, cloud)
        case ("PATCH", []): return try patch(kind, key, &cloud)
        case ("DELETE", []): return try delete(kind, key, &cloud)
        case ("POST", ["addPassword"]): return try addPassword(kind, key, &cloud)
        case ("POST", ["removePassword"]): return try removePassword(kind, key, &cloud)
        case ("GET", ["owners"]):
            try require("graph.read", cloud)
            _ = try find(kind, key, in: cloud.directory.primary)
            return WireAnswer(graph: 200, context: "directoryObjects", ["value": []], endpoints)
        default: throw .unknownSegment(segments.first ?? "")
        }
    }

    /// Takes `applications(appId='…')` apart.
    private static func parse(_ segment: String) throws(GraphError) -> (name: String, key: Key?) {
        guard let open = segment.firstIndex(of: "(") else { return (segment, nil) }
        let name = String(segment[..<open])
        let inside = segment[segment.index(after: open)...]
        guard inside.hasSuffix("')") else { throw .unknownSegment(segment) }
        let text = inside.dropLast(2)
        if text.hasPrefix("appId='") { return (name, .appId(String(text.dropFirst("appId='".count)))) }
        guard text.hasPrefix("'") else { throw .unknownSegment(segment) }
        return (name, .id(String(text.dropFirst())))
    }

    /// Refuses a caller without a right.
    func require(_ right: String, _ cloud: Cloud) throws(GraphError) {
        guard cloud.permits(right, to: caller.appId) else { throw .denied }
    }

    /// The object that a key names.
    func find(_ kind: DirectoryObject.Kind, _ key: Key, in directory: Directory) throws(GraphError)
        -> DirectoryObject
    {
        switch key {
        case .id(let id):
            guard let object = directory.object(kind, id: id.lowercased()) else { throw .notFound(id) }
            return object
        case .appId(let appId):
            guard let object = directory.object(kind, appId: appId) else { throw .notFound(appId) }
            return object
        }
    }

    /// The directory as the replica that answers this read has it.
    func replica(_ cloud: Cloud) -> Directory {
        cloud.directory.read(at: now, lag: cloud.tuning.directoryLag, lagging: lagging)
    }

    /// Changes the directory's primary.
    func write<Result>(_ cloud: inout Cloud, _ change: (inout Directory) throws(GraphError) -> Result)
        throws(GraphError) -> Result
    {
        let lag = cloud.tuning.directoryLag
        return try cloud.directory.write(at: now, lag: lag, change)
    }
}
