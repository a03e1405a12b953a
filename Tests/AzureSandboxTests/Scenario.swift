import FoundationEssentials
import Testing

@testable import AzureSandbox

/// A sandbox in memory, with a clock that stands still until it is told otherwise.
final class Scenario {
    static let start = Date(timeIntervalSince1970: 1_800_000_000)
    static let endpoints = Endpoints(port: 4433)
    static let controlToken = "control"

    let sandbox: Sandbox
    /// The world as it was at the start.
    let cloud: Cloud
    let account: DirectoryObject
    let accountSecret: String
    private(set) var now = Scenario.start

    init(_ tuning: Tuning = Tuning(), clusters: Int = 1) {
        var cloud = Cloud(tuning: tuning)
        let account = cloud.populate(clusters: clusters, at: Self.start)
        self.cloud = cloud
        self.account = account.application
        accountSecret = account.credential.secret
        sandbox = Sandbox(cloud, endpoints: Self.endpoints, controlToken: Self.controlToken)
    }

    /// Lets time pass.
    func pass(_ seconds: Double) {
        now += seconds
    }

    func call(
        _ method: String, _ host: String, _ target: String, _ json: JSON? = nil, token: String? = nil,
        form: String? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> WireAnswer {
        let body = json?.bytes ?? form.map { Array($0.utf8) } ?? []
        let bearer = token.map { [(name: "Authorization", value: "Bearer \($0)")] } ?? []
        let request = try #require(
            WireRequest(
                method: method, authority: "\(host):4433", target: target, headers: headers + bearer,
                body: body))
        return await sandbox.answer(request, at: now)
    }

    /// What Entra answers to a client that signs in.
    func signIn(
        _ appId: String, _ secret: String, for audience: String = endpoints.graph, tenant: String? = nil
    )
        async throws -> WireAnswer
    {
        let form =
            "grant_type=client_credentials&client_id=\(appId)&client_secret=\(PercentEncoding.encode(secret))"
            + "&scope=\(PercentEncoding.encode(audience + "/.default"))"
        return try await call(
            "POST", "login.localhost", "/\(tenant ?? cloud.tenant)/oauth2/v2.0/token", form: form)
    }

    /// A token of the operator's.
    func token(for audience: String) async throws -> String {
        let answer = try await signIn(account.appId, accountSecret, for: audience)
        return try #require(answer.json?["access_token"]?.text)
    }

    func graph(_ method: String, _ target: String, _ json: JSON? = nil) async throws -> WireAnswer {
        try await call(
            method, "graph.localhost", "/v1.0" + target, json,
            token: try await token(for: Self.endpoints.graph))
    }

    func arm(_ method: String, _ target: String, _ json: JSON? = nil) async throws -> WireAnswer {
        try await call(
            method, "management.localhost", target, json,
            token: try await token(for: Self.endpoints.management))
    }

    func vault(_ method: String, _ target: String, _ json: JSON? = nil) async throws -> WireAnswer {
        try await call(
            method, "ops.vault.localhost", target, json,
            token: try await token(for: Self.endpoints.vaultAudience))
    }

    func control(_ method: String, _ target: String, _ json: JSON? = nil) async throws -> WireAnswer {
        try await call(method, "localhost", "/control" + target, json, token: Self.controlToken)
    }

    /// A cluster's path in Resource Manager.
    func path(of cluster: String = "demo", _ rest: String = "", version: String = "2026-06-01") -> String {
        "/subscriptions/\(cloud.subscription)/resourceGroups/rg-demo/providers/Microsoft.ContainerService/"
            + "managedClusters/\(cluster)\(rest)?api-version=\(version)"
    }

    /// The application under which the first cluster runs.
    var clientId: String { cloud.clusters[0].servicePrincipal?.clientId ?? "" }

    /// Adds a credential to the first cluster's application.
    func addPassword(_ displayName: String = "new") async throws -> (keyId: String, secret: String) {
        let answer = try await graph(
            "POST", "/applications(appId='\(clientId)')/addPassword",
            ["passwordCredential": ["displayName": .string(displayName)]])
        return (
            try #require(answer.json?["keyId"]?.text), try #require(answer.json?["secretText"]?.text)
        )
    }

    /// Gives the first cluster a secret.
    func reset(_ secret: String, clientId: String? = nil) async throws -> WireAnswer {
        try await arm(
            "POST", path(of: "demo", "/resetServicePrincipalProfile"),
            ["clientId": .string(clientId ?? self.clientId), "secret": .string(secret)])
    }
}

extension WireAnswer {
    /// The error's code, wherever the service puts it.
    var code: String? { (json?["error"]?["code"] ?? json?["code"])?.text }
}
