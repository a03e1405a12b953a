internal import FoundationEssentials

/// The sandbox's own interface, by which tests look behind the scenes and change the world.
struct Control: Sendable {
    let token: String

    /// Answers a request to localhost.
    func answer(
        _ request: WireRequest, _ cloud: inout Cloud, _ faults: inout FaultList, _ log: inout ExchangeLog,
        at now: Date
    ) -> WireAnswer {
        do throws(ControlError) {
            guard request.path.first == "control" else {
                throw ControlError("there is only /control", status: 404)
            }
            guard request.bearer == token else {
                throw ControlError("the bearer token is not that of sandbox.json", status: 401)
            }
            return try route(request, &cloud, &faults, &log, at: now)
        } catch {
            return WireAnswer(error.status, ["error": .string(error.message)])
        }
    }

    private func route(
        _ request: WireRequest, _ cloud: inout Cloud, _ faults: inout FaultList, _ log: inout ExchangeLog,
        at now: Date
    ) throws(ControlError) -> WireAnswer {
        let rest = Array(request.path.dropFirst())
        switch (request.method, rest.first, rest.count) {
        case ("GET", "state", 1): return WireAnswer(200, ControlShape.state(cloud, at: now))
        case ("GET", "violations", 1):
            return WireAnswer(200, .array(cloud.violations.map(ControlShape.violation)))
        case ("GET", "exchanges", 1): return WireAnswer(200, log.json)
        case ("DELETE", "exchanges", 1):
            log.clear()
            return WireAnswer(204)
        case ("POST", "faults", 1):
            faults.add(try Fault(try body(request)))
            return WireAnswer(204)
        case ("DELETE", "faults", 1):
            faults.clear()
            return WireAnswer(204)
        case ("GET", "settings", 1): return WireAnswer(200, cloud.tuning.json)
        case ("POST", "settings", 1):
            try cloud.tuning.apply(try body(request))
            return WireAnswer(200, cloud.tuning.json)
        case ("POST", "rights", 1):
            cloud.denied = try denied(try body(request))
            return WireAnswer(204)
        case ("POST", "vaults", 1): return try addVault(try body(request), &cloud)
        case ("POST", "applications", 1): return try addApplication(try body(request), &cloud, at: now)
        case ("POST", "federations", 1): return try addFederation(try body(request), &cloud)
        case ("POST", "clusters", 1): return try addCluster(try body(request), &cloud, at: now)
        case ("PATCH", "clusters", 2): return try changeCluster(rest[1], try body(request), &cloud, at: now)
        case ("DELETE", "clusters", 2):
            guard cloud.clusters.contains(where: { $0.name == rest[1] }) else {
                throw ControlError("there is no cluster \"\(rest[1])\"", status: 404)
            }
            cloud.clusters.removeAll { $0.name == rest[1] }
            return WireAnswer(204)
        default: throw ControlError("no such call: \(request.method) \(request.target)", status: 404)
        }
    }

    private func body(_ request: WireRequest) throws(ControlError) -> JSON {
        guard let json = request.json, json.members != nil else {
            throw ControlError("the body is no JSON object")
        }
        return json
    }

    private func denied(_ wish: JSON) throws(ControlError) -> Set<String> {
        try wish.requireMembers("deny", of: "rights")
        guard let names = wish["deny"]?.elements?.map(\.text) else {
            throw ControlError("deny must be a list")
        }
        for name in names where !Cloud.rights.contains(name ?? "") {
            throw ControlError(
                "there is no right \"\(name ?? "")\"; there are \(Cloud.rights.joined(separator: ", "))")
        }
        return Set(names.compactMap(\.self))
    }

    private func addApplication(_ wish: JSON, _ cloud: inout Cloud, at now: Date) throws(ControlError)
        -> WireAnswer
    {
        try wish.requireMembers("displayName", "rights", of: "an application")
        guard let name = try wish.text("displayName") else { throw ControlError("displayName is missing") }
        let made = cloud.addIdentity(named: name, credential: "control", days: 365, at: now)
        if wish["rights"]?.flag == true { cloud.permitted.insert(made.application.appId) }
        return WireAnswer(
            201,
            [
                "appId": .string(made.application.appId), "objectId": .string(made.application.id),
                "displayName": .string(name), "keyId": .string(made.credential.keyId),
                "secret": .string(made.credential.secret),
            ])
    }

    private func addFederation(_ wish: JSON, _ cloud: inout Cloud) throws(ControlError) -> WireAnswer {
        try wish.requireMembers("appId", "issuer", "subject", "audience", "publicKey", of: "a federation")
        guard let appId = try wish.text("appId")?.lowercased(),
            cloud.directory.primary.object(.application, appId: appId) != nil
        else { throw ControlError("appId must be that of an application") }
        guard let issuer = try wish.text("issuer"), let subject = try wish.text("subject") else {
            throw ControlError("issuer and subject are needed")
        }
        guard let key = try wish.text("publicKey").flatMap({ SigningKey(publicKey: $0) }) else {
            throw ControlError("publicKey must be a public key in PEM")
        }
        cloud.federations.append(
            Federation(
                appId: appId, issuer: issuer, subject: subject,
                audience: try wish.text("audience") ?? "api://AzureADTokenExchange", key: key))
        return WireAnswer(204)
    }

    private func addVault(_ wish: JSON, _ cloud: inout Cloud) throws(ControlError) -> WireAnswer {
        try wish.requireMembers("name", of: "a vault")
        guard let name = try wish.text("name")?.lowercased(), !name.isEmpty,
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
        else { throw ControlError("name must be of letters, digits and hyphens") }
        guard cloud.vaults[name] == nil else {
            throw ControlError("there is a vault \"\(name)\" already", status: 409)
        }
        cloud.vaults[name] = Vault()
        return WireAnswer(201, ["name": .string(name)])
    }

    private func addCluster(_ wish: JSON, _ cloud: inout Cloud, at now: Date) throws(ControlError)
        -> WireAnswer
    {
        try wish.requireMembers("name", "kind", "clientId", "aad", "resourceGroup", of: "a cluster")
        guard let name = try wish.text("name"), Cluster.isName(name) else {
            throw ControlError("name must be of 1 to 63 letters, digits, hyphens and underscores")
        }
        guard !cloud.clusters.contains(where: { $0.name.lowercased() == name.lowercased() }) else {
            throw ControlError("there is a cluster \"\(name)\" already", status: 409)
        }
        let group = try wish.text("resourceGroup") ?? Cloud.resourceGroup
        guard Cluster.isName(group) else { throw ControlError("resourceGroup must be a name, too") }
        var cluster = Cluster(name: name, resourceGroup: group, location: cloud.location)
        switch try wish.text("kind") ?? "service-principal" {
        case "managed-identity": break
        case "service-principal":
            cluster.servicePrincipal = try servicePrincipal(
                for: name, try wish.text("clientId"), &cloud, at: now)
        case let kind: throw ControlError("there is no kind \"\(kind)\" of cluster")
        }
        switch try wish.text("aad") ?? "none" {
        case "none": break
        case "managed": cluster.entra = .managed
        case "legacy":
            let server = cloud.addIdentity(named: "\(name)-server", credential: "rbac", days: 12, at: now)
            let client = cloud.directoryAdd(named: "\(name)-client", at: now)
            cluster.entra = .legacy(
                clientAppId: client.appId, serverAppId: server.application.appId,
                serverAppSecret: server.credential.secret, tenant: cloud.tenant)
        case let kind: throw ControlError("there is no aad \"\(kind)\"; there are none, legacy and managed")
        }
        if !cloud.resourceGroups.contains(where: { $0.lowercased() == group.lowercased() }) {
            cloud.resourceGroups.append(group)
        }
        cloud.add(cluster, at: now)
        return WireAnswer(201, ControlShape.cluster(cluster, cloud, at: now))
    }

    private func servicePrincipal(for name: String, _ clientId: String?, _ cloud: inout Cloud, at now: Date)
        throws(ControlError) -> Cluster.ServicePrincipal
    {
        guard let clientId = clientId?.lowercased() else {
            let made = cloud.addIdentity(named: "\(name)-sp", credential: nil, days: 12, at: now)
            return Cluster.ServicePrincipal(clientId: made.application.appId, secret: made.credential.secret)
        }
        // A second cluster holds what the first one holds: one identity, several consumers.
        let shared = cloud.clusters.compactMap(\.servicePrincipal).first { $0.clientId == clientId }
        if let shared { return shared }
        guard let newest = cloud.directory.primary.object(.application, appId: clientId)?.credentials.last
        else {
            throw ControlError("no application \"\(clientId)\" has a credential")
        }
        return Cluster.ServicePrincipal(clientId: clientId, secret: newest.secret)
    }

    private func changeCluster(_ name: String, _ wish: JSON, _ cloud: inout Cloud, at now: Date)
        throws(ControlError) -> WireAnswer
    {
        guard let index = cloud.clusters.firstIndex(where: { $0.name == name }) else {
            throw ControlError("there is no cluster \"\(name)\"", status: 404)
        }
        for member in wish.members ?? [] {
            guard let text = member.value.text else { throw ControlError("\(member.name) must be a string") }
            switch member.name {
            case "powerState":
                guard ["Running", "Stopped"].contains(text) else {
                    throw ControlError("powerState is Running or Stopped")
                }
                cloud.clusters[index].powerState = text
            case "provisioningState": cloud.clusters[index].provisioningState = text
            default:
                throw ControlError("\(member.name) cannot be changed; powerState and provisioningState can")
            }
        }
        return WireAnswer(200, ControlShape.cluster(cloud.clusters[index], cloud, at: now))
    }
}
