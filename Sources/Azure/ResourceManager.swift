internal import FoundationEssentials
public import HTTP
public import SecretMemory

/// Azure Resource Manager: managed clusters and their long-running operations.
public struct ResourceManager: Sendable {
    let transport: Transport
    let endpoint: String
    let audience: String

    /// The api-version of Microsoft.ContainerService that requests and answers here are written for.
    static let apiVersion = "2026-06-01"

    /// Resource Manager of `cloud`, signed in by `tokens`.
    public init(_ cloud: Cloud, client: HTTPClient, tokens: TokenCache) {
        endpoint = cloud.resourceManagerEndpoint
        audience = cloud.resourceManagerAudience
        transport = Transport(client: client, tokens: tokens)
    }

    // MARK: Reading

    /// The cluster with the Resource Manager id `resourceId`.
    ///
    /// - Throws: ``AzureError/Code/notFound`` where there is none.
    public func cluster(_ resourceId: String) async throws(AzureError) -> ManagedCluster {
        let call = ServiceCall(
            .resourceManager, "read cluster \(Self.name(resourceId))", .get, url(resourceId),
            audience: audience)
        let response = try await transport.send(call)
        return try call.decode(response.body.bytes)
    }

    private struct Subscription: Decodable {
        let tenantId: String
    }

    /// The tenant that a subscription trusts.
    ///
    /// - Throws: ``AzureError/Code/notFound`` where there is no such subscription, or none that the account sees.
    public func tenant(ofSubscription subscription: String) async throws(AzureError) -> String {
        let call = ServiceCall(
            .resourceManager, "read subscription \(subscription)", .get,
            "\(endpoint)/subscriptions/\(URLText.segment(subscription))?api-version=2022-12-01",
            audience: audience)
        let response = try await transport.send(call)
        let answer: Subscription = try call.decode(response.body.bytes)
        return answer.tenantId
    }

    /// Every cluster of a subscription that the account may read.
    public func clusters(inSubscription subscription: String) async throws(AzureError) -> [ManagedCluster] {
        let path =
            "/subscriptions/\(URLText.segment(subscription))/providers/Microsoft.ContainerService/managedClusters"
        return try await list("list the clusters of subscription \(subscription)", from: url(path))
    }

    /// All pages of a list, from the first on.
    func list<Item: Decodable>(_ what: String, from first: String) async throws(AzureError) -> [Item] {
        var items: [Item] = []
        var next: String? = first
        var visited: Set<String> = []
        while let url = next {
            let call = ServiceCall(.resourceManager, what, .get, url, audience: audience)
            guard URLText.isWithin(url, endpoint), visited.insert(url).inserted else {
                throw call.malformed("its next page is elsewhere, or one that was read before")
            }
            let response = try await transport.send(call)
            let page: Page<Item> = try call.decode(response.body.bytes)
            items += page.value
            next = page.nextLink.flatMap { $0.isEmpty ? nil : $0 }
        }
        return items
    }

    struct Page<Item: Decodable>: Decodable {
        let value: [Item]
        let nextLink: String?
    }

    // MARK: Writing

    /// Gives a cluster another secret of its service principal, or another service principal.
    ///
    /// - Returns: where to poll; `nil` where the service says that it is done.
    /// - Throws: ``AzureError/Code/answerLost`` where the cluster may be at it.
    public func resetServicePrincipal(
        of resourceId: String, clientId: String, secret: borrowing Secret
    ) async throws(AzureError) -> String? {
        var body = SecretBuffer()
        body.append("{\"clientId\":")
        body.appendJSONString(clientId)
        body.append(",\"secret\":")
        body.appendJSONString(secret)
        body.append("}")
        return try await reset(
            "resetServicePrincipalProfile", "give cluster \(Self.name(resourceId)) its new secret",
            resourceId,
            body)
    }

    /// Gives a cluster another secret of the server application of its legacy Entra integration.
    ///
    /// - Returns: where to poll; `nil` where the service says that it is done.
    /// - Throws: ``AzureError/Code/answerLost`` where the cluster may be at it.
    public func resetEntraProfile(
        of resourceId: String, serverAppId: String, secret: borrowing Secret, clientAppId: String,
        tenant: String
    ) async throws(AzureError) -> String? {
        var body = SecretBuffer()
        body.append("{\"clientAppID\":")
        body.appendJSONString(clientAppId)
        body.append(",\"serverAppID\":")
        body.appendJSONString(serverAppId)
        body.append(",\"serverAppSecret\":")
        body.appendJSONString(secret)
        body.append(",\"tenantID\":")
        body.appendJSONString(tenant)
        body.append("}")
        return try await reset(
            "resetAADProfile",
            "give cluster \(Self.name(resourceId)) the new secret of its Entra application",
            resourceId, body)
    }

    private func reset(
        _ action: String, _ what: String, _ resourceId: String, _ body: consuming SecretBuffer
    ) async throws(AzureError) -> String? {
        let call = ServiceCall(
            .resourceManager, what, .post, url("\(resourceId)/\(action)"), audience: audience, body: body,
            repetition: .ifNotDone)
        let response = try await transport.send(call)
        guard response.status == 202 else { return nil }
        let headers = response.headers
        guard let operation = headers.first("Azure-AsyncOperation") ?? headers.first("Location") else {
            throw AzureError(
                .answerLost,
                "\(Service.resourceManager.rawValue): \(what): accepted, without saying where to poll",
                status: 202)
        }
        return operation
    }

    // MARK: Operations

    /// How a long-running operation is getting on.
    public enum Operation: Sendable, Equatable {
        /// It runs; the service may have said when to ask again, in seconds.
        case running(retryAfter: Double?)
        /// It has ended well.
        case succeeded
        /// It has ended badly.
        case failed(AzureError)
    }

    private struct OperationStatus: Decodable {
        struct Fault: Decodable {
            let code: String?
            let message: String?
        }

        let status: String?
        let error: Fault?
    }

    /// Asks once how the operation at `url`, as a reset returned it, is getting on.
    ///
    /// Source: Microsoft's "Track asynchronous Azure operations". The URL is used as it is, since it carries an
    /// api-version and signatures of its own.
    ///
    /// - Throws: where nobody knows it or answers for it; the cluster itself then has to be asked.
    public func operation(_ url: String, of resourceId: String) async throws(AzureError) -> Operation {
        let call = ServiceCall(
            .resourceManager, "ask for the operation of cluster \(Self.name(resourceId))", .get, url,
            audience: audience, repetition: .never)
        guard URLText.isWithin(url, endpoint) else {
            throw call.malformed("where to poll is not at \(endpoint)")
        }
        let response = try await transport.send(call)
        let retryAfter = RetryAfter.seconds(response.headers, now: .now)
        switch response.status {
        case 202: return .running(retryAfter: retryAfter)
        case 204: return .succeeded
        default: break
        }
        let status: OperationStatus = try call.decode(response.body.bytes)
        switch status.status?.lowercased() {
        case "succeeded", nil: return .succeeded
        case "failed", "canceled", "cancelled":
            return .failed(
                Self.fault(
                    "the operation of cluster \(Self.name(resourceId)) ended as \(status.status ?? "?")",
                    status.error?.code, status.error?.message))
        default: return .running(retryAfter: retryAfter)
        }
    }

    /// What an operation, or a cluster's last one, failed of.
    static func fault(_ what: String, _ code: String?, _ message: String?) -> AzureError {
        let text = message ?? "no reason was given"
        let kind: AzureError.Code =
            if text.contains("client secret has invalid characters") {
                .badCharacters
            } else if text.contains("AADSTS7000215") || text.contains("AADSTS700016") {
                .secretRefused
            } else {
                .unavailable
            }
        return AzureError(
            kind, "\(Service.resourceManager.rawValue): \(what): \(code.map { $0 + ": " } ?? "")\(text)",
            serviceCode: code)
    }

    private func url(_ path: String) -> String { "\(endpoint)\(path)?api-version=\(Self.apiVersion)" }

    static func name(_ resourceId: String) -> String {
        resourceId.split(separator: "/").last.map(String.init) ?? resourceId
    }
}
