internal import FoundationEssentials

extension GraphCall {
    /// Answers with one object.
    func read(_ kind: DirectoryObject.Kind, _ key: Key, _ cloud: Cloud) throws(GraphError) -> WireAnswer {
        try require("graph.read", cloud)
        try requireQuery("$select")
        let object = try find(kind, key, in: replica(cloud))
        let body = GraphShape.object(object, cloud, select: try selection(of: kind))
        return WireAnswer(graph: 200, context: "\(kind.collection)/$entity", body, endpoints)
    }

    /// Answers with the objects that match the filter, a page at a time.
    func list(_ kind: DirectoryObject.Kind, _ cloud: Cloud) throws(GraphError) -> WireAnswer {
        try require("graph.read", cloud)
        try requireQuery("$filter", "$select", "$top", "$count", "$skiptoken")
        let filter = try GraphFilter(request.parameter("$filter") ?? "", on: kind)
        let matching = replica(cloud).objects.filter { $0.kind == kind && filter.matches($0) }
        var size = cloud.tuning.pageSize
        if let top = request.parameter("$top") {
            guard let top = Int(top), (1...999).contains(top) else {
                throw .bad("Invalid page size specified: '\(top)'. Must be between 1 and 999 inclusive.")
            }
            size = top
        }
        let start = try skipped()
        let select = try selection(of: kind)
        let page = matching.dropFirst(start).prefix(size).map { GraphShape.object($0, cloud, select: select) }
        var body: JSON = [:]
        if request.parameter("$count") == "true" {
            body = body.with("@odata.count", .integer(matching.count))
        }
        if matching.count > start + size {
            body = body.with("@odata.nextLink", .string(nextLink(kind, start: start + size)))
        }
        return WireAnswer(
            graph: 200, context: kind.collection, body.with("value", .array(page)), endpoints)
    }

    /// Makes an application, or the service principal of one.
    func create(_ kind: DirectoryObject.Kind, _ cloud: inout Cloud) throws(GraphError) -> WireAnswer {
        try require("graph.write", cloud)
        let members = try bodyMembers()
        var object: DirectoryObject
        switch kind {
        case .application:
            guard let name = members.first(where: { $0.name == "displayName" })?.value.text, !name.isEmpty
            else {
                throw .bad("A value is required for property 'displayName' of resource 'Application'.")
            }
            object = DirectoryObject(
                kind: kind, id: Random.guid(), appId: Random.guid(), displayName: name, created: now)
        case .servicePrincipal:
            guard let appId = members.first(where: { $0.name == "appId" })?.value.text else {
                throw .bad("The appId is required to create a service principal.")
            }
            let directory = cloud.directory.primary
            guard let application = directory.object(.application, appId: appId) else {
                throw .bad(
                    "The appId '\(appId)' of the service principal does not reference a valid application "
                        + "object."
                )
            }
            guard directory.object(kind, appId: appId) == nil else {
                throw .conflict(
                    "The service principal cannot be created, updated, or restored because the service "
                        + "principal name \(appId) is already in use.")
            }
            object = DirectoryObject(
                kind: kind, id: Random.guid(), appId: application.appId,
                displayName: application.displayName, created: now)
        }
        try apply(members, to: &object, isNew: true)
        let created = object
        try write(&cloud) { directory throws(GraphError) in directory.add(created) }
        let body = GraphShape.object(created, cloud, select: nil)
        return WireAnswer(graph: 201, context: "\(kind.collection)/$entity", body, endpoints)
    }

    /// Changes properties of an object.
    func patch(_ kind: DirectoryObject.Kind, _ key: Key, _ cloud: inout Cloud) throws(GraphError)
        -> WireAnswer
    {
        try require("graph.write", cloud)
        var object = try find(kind, key, in: cloud.directory.primary)
        try apply(try bodyMembers(), to: &object, isNew: false)
        let changed = object
        try write(&cloud) { directory throws(GraphError) in directory.update(id: changed.id) { $0 = changed }
        }
        return WireAnswer(204)
    }

    /// Removes an object.
    func delete(_ kind: DirectoryObject.Kind, _ key: Key, _ cloud: inout Cloud) throws(GraphError)
        -> WireAnswer
    {
        try require("graph.write", cloud)
        let object = try find(kind, key, in: cloud.directory.primary)
        try write(&cloud) { directory throws(GraphError) in directory.remove(object) }
        return WireAnswer(204)
    }

    /// Answers with the objects of several ids; ids that name nothing are left out.
    func getByIds(_ cloud: Cloud) throws(GraphError) -> WireAnswer {
        guard request.method == "POST" else { throw .methodNotAllowed }
        try require("graph.read", cloud)
        guard let ids = request.json?["ids"]?.elements?.compactMap(\.text) else { throw .unreadableBody }
        let found = replica(cloud).objects.filter { ids.contains($0.id) }.map { object in
            JSON.object([JSON.Member(name: "@odata.type", value: "#microsoft.graph.\(object.kind.rawValue)")])
                .with(contentsOf: GraphShape.object(object, cloud, select: nil))
        }
        return WireAnswer(graph: 200, context: "directoryObjects", ["value": .array(found)], endpoints)
    }

    /// Answers with the tenant.
    func organization(_ cloud: Cloud) throws(GraphError) -> WireAnswer {
        try require("graph.read", cloud)
        let tenant: JSON = [
            "id": .string(cloud.tenant), "displayName": "credferry sandbox",
            "verifiedDomains": [["name": .string(cloud.domain), "isDefault": true, "isInitial": true]],
        ]
        return WireAnswer(graph: 200, context: "organization", ["value": [tenant]], endpoints)
    }

    private func apply(_ members: [JSON.Member], to object: inout DirectoryObject, isNew: Bool)
        throws(GraphError)
    {
        for member in members {
            switch member.name {
            case "displayName":
                guard let name = member.value.text else { throw .bad("displayName must be a string.") }
                object.displayName = name
            case "appId" where object.kind == .servicePrincipal: continue
            case "passwordCredentials":
                // Graph makes secrets itself; a client may not even echo what it read.
                guard isNew, member.value == [] else {
                    throw .bad(
                        "Updates to passwordCredentials are not allowed: use addPassword and removePassword.")
                }
            case "keyCredentials":
                object.extra["keyCredentials"] = try certificates(member.value, of: object)
            case let name where GraphShape.writable(object.kind).contains(name):
                object.extra[name] = member.value
            default: throw .bad(unexpected(member.name))
            }
        }
    }

    /// The certificates that a client writes; one that is named without its key stays as it is.
    private func certificates(_ value: JSON, of object: DirectoryObject) throws(GraphError) -> JSON {
        guard let wanted = value.elements else { throw .bad("keyCredentials must be a collection.") }
        let existing = object.extra["keyCredentials"]?.elements ?? []
        return .array(
            wanted.map { credential in
                let id = credential["keyId"]?.text ?? Random.guid()
                let earlier = existing.first { $0["keyId"]?.text == id }
                let key = credential["key"]?.text ?? earlier?["key"]?.text
                return credential.with("keyId", .string(id)).with("key", JSON(key))
            })
    }

    /// The properties that `$select` names.
    private func selection(of kind: DirectoryObject.Kind) throws(GraphError) -> [String]? {
        guard let text = request.parameter("$select") else { return nil }
        let names = text.split(separator: ",").map { $0.trimmingPrefix(" ") }.map(String.init)
        for name in names { try GraphShape.requireProperty(name, of: kind) }
        return names
    }

    /// Refuses what the sandbox would otherwise pass over in silence.
    private func requireQuery(_ known: String...) throws(GraphError) {
        for (name, _) in request.query where name.hasPrefix("$") && !known.contains(name.lowercased()) {
            throw .unsupportedQuery("The query parameter '\(name)' is not supported.")
        }
    }

    private func skipped() throws(GraphError) -> Int {
        guard let token = request.parameter("$skiptoken") else { return 0 }
        guard let bytes = Base64URL.decode(token), let start = Int(String(decoding: bytes, as: UTF8.self))
        else {
            throw .bad("The skip token is invalid.")
        }
        return start
    }

    private func nextLink(_ kind: DirectoryObject.Kind, start: Int) -> String {
        let kept = request.query.filter { $0.name.lowercased() != "$skiptoken" }
            .map { "\($0.name)=\(PercentEncoding.encode($0.value))" }
        let token = "$skiptoken=" + Base64URL.encode(Array(String(start).utf8))
        return "\(endpoints.graph)/v1.0/\(kind.collection)?" + (kept + [token]).joined(separator: "&")
    }
}

extension DirectoryObject.Kind {
    /// The collection's name in Graph.
    var collection: String { rawValue + "s" }
}

extension WireAnswer {
    /// An answer of Graph's: the context first, then the body's members.
    init(
        graph status: Int, context: String, _ body: JSON, _ endpoints: Endpoints,
        headers: [(name: String, value: String)] = []
    ) {
        let start: JSON = ["@odata.context": "\(endpoints.graph)/v1.0/$metadata#\(context)"]
        self.init(
            status, start.with(contentsOf: body), headers: [("odata-version", "4.0")] + headers,
            contentType: "application/json;odata.metadata=minimal;odata.streaming=true;"
                + "IEEE754Compatible=false;charset=utf-8")
    }
}
