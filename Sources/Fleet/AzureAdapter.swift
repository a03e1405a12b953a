internal import Azure
internal import FoundationEssentials
internal import Rotation
internal import SecretMemory
internal import Settings
internal import SinkCore

/// Azure as the rotation and the fleet see it: what they ask for, in their own words.
struct AzureAdapter: Sendable {
    let session: AzureSession
    /// The tenants that identities live in.
    let tenants: Tenants
}

extension AzureAdapter: Directory {
    func addCredential(
        displayName: String, notAfter: Date, to identity: Identity
    ) async throws(Failure) -> AddedCredential {
        try await asFailure { () async throws(AzureError) in
            let added = try await session.graph.addPassword(
                identity.object.kind, objectId: identity.objectId, displayName: displayName,
                notAfter: notAfter)
            let credential = added.credential
            return AddedCredential(
                keyId: credential.keyId, notBefore: credential.notBefore, notAfter: credential.notAfter,
                secret: added.secret)
        }
    }

    func credentials(of identity: Identity) async throws(Failure) -> [Listed] {
        try await self.identity(appId: identity.appId, tenant: identity.tenant).credentials
    }

    /// The object that new credentials go to is tried first; what an earlier hand added may be at the other.
    func removeCredential(_ keyId: String, from identity: Identity) async throws(Failure) {
        let (graph, home) = (session.graph, identity.object.kind)
        let wasAtHome = try await asFailure { () async throws(AzureError) in
            try await graph.removePassword(home, objectId: identity.objectId, keyId: keyId)
        }
        guard !wasAtHome, let other = Graph.ObjectKind.allCases.first(where: { $0 != home }),
            let object = try await object(other, identity.appId).get(),
            object.passwordCredentials.contains(where: { $0.keyId == keyId })
        else { return }
        _ = try await asFailure { () async throws(AzureError) in
            try await graph.removePassword(other, objectId: object.id, keyId: keyId)
        }
    }

    func prove(_ secret: borrowing Secret, of identity: Identity) async throws(Failure) {
        do throws(AzureError) {
            try await session.entra.prove(secret, tenant: identity.tenant, client: identity.appId)
        } catch {
            throw Failure(error)
        }
    }
}

extension AzureAdapter: Clusters {
    func reset(
        _ consumer: Consumer, to secret: borrowing Secret, of identity: Identity
    ) async throws(Failure) -> String? {
        do throws(AzureError) {
            guard consumer.kind == .entraApp, let clientAppId = consumer.clientAppId else {
                return try await session.resourceManager.resetServicePrincipal(
                    of: consumer.resourceId, clientId: identity.appId, secret: secret)
            }
            return try await session.resourceManager.resetEntraProfile(
                of: consumer.resourceId, serverAppId: identity.appId, secret: secret,
                clientAppId: clientAppId,
                tenant: identity.tenant)
        } catch {
            throw Failure(error)
        }
    }

    func operation(_ url: String, of consumer: Consumer) async throws(Failure) -> OperationState {
        try await asFailure { () async throws(AzureError) in
            switch try await session.resourceManager.operation(url, of: consumer.resourceId) {
            case .running(let retryAfter): .running(retryAfter: retryAfter)
            case .succeeded: .succeeded
            case .failed(let error): .failed(Failure(error))
            }
        }
    }

    func health(
        of consumer: Consumer, for identity: Identity, inPlaceOf former: Identity?
    ) async throws(Failure) -> ConsumerHealth {
        let cluster = try await asFailure { () async throws(AzureError) in
            try await session.resourceManager.cluster(consumer.resourceId)
        }
        if cluster.isDeleting { throw Failure(.notFound, "cluster \(consumer.name) is being deleted") }
        let isFormer = former.map { cluster.has($0, as: consumer.kind) } ?? false
        guard isFormer || cluster.has(identity, as: consumer.kind) else {
            throw Failure(.notFound, "cluster \(consumer.name) no longer has identity \(identity.appId)")
        }
        if cluster.isBusy { return .busy }
        if cluster.isStopped {
            throw Failure(
                .clusterStopped,
                "cluster \(consumer.name) is stopped, and a stopped cluster cannot be updated",
                hint: "start it, then run `credferry resume`")
        }
        if let error = cluster.failure { return .failed(Failure(error)) }
        return isFormer ? .former : .settled
    }
}

extension AzureAdapter {
    /// The services that a rotation cannot do without.
    enum Service: String, CaseIterable {
        case graph = "Microsoft Graph"
        case resourceManager = "Azure Resource Manager"
    }

    /// Signs in, without a call to the service.
    func signIn(to service: Service) async throws(Failure) {
        try await asFailure { () async throws(AzureError) in
            switch service {
            case .graph: try await session.signIn(for: session.cloud.graphAudience)
            case .resourceManager: try await session.signIn(for: session.cloud.resourceManagerAudience)
            }
        }
    }
}

extension AzureAdapter: AzureReader {
    func cluster(_ settings: ClusterSettings) async throws(Failure) -> ClusterFacts {
        try await asFailure { () async throws(AzureError) in
            ClusterFacts(try await session.resourceManager.cluster(settings.resourceId))
        }
    }

    func clusters(inSubscription subscription: String) async throws(Failure) -> [ClusterFacts] {
        try await asFailure { () async throws(AzureError) in
            try await session.resourceManager.clusters(inSubscription: subscription).map(ClusterFacts.init)
        }
    }

    func tenant(of subscription: String?) async throws(Failure) -> String? {
        try await asFailure { () async throws(AzureError) in
            try await tenants.tenant(of: subscription, session.resourceManager)
        }
    }

    /// Both objects are read side by side; new credentials go to the application, where the tenant has it.
    func identity(appId: String, tenant: String) async throws(Failure) -> IdentityFacts {
        async let application = object(.application, appId)
        async let servicePrincipal = object(.servicePrincipal, appId)
        let (first, second) = (try await application.get(), try await servicePrincipal.get())
        guard
            let (home, kind) = first.map({ ($0, Identity.Object.application) })
                ?? second.map({ ($0, Identity.Object.servicePrincipal) })
        else {
            throw Failure(
                .notFound,
                "there is no application \(appId) in tenant \(tenant), or the account may not see it",
                hint: "check the tenant and the application id")
        }
        let credentials =
            Self.listed(first, .application) + Self.listed(second, .servicePrincipal)
        return IdentityFacts(
            identity: Identity(appId: appId, tenant: tenant, object: kind, objectId: home.id),
            credentials: credentials)
    }

    private static func listed(_ object: DirectoryObject?, _ kind: Identity.Object) -> [Listed] {
        (object?.passwordCredentials ?? []).map {
            Listed(
                keyId: $0.keyId, displayName: $0.displayName, notBefore: $0.notBefore,
                notAfter: $0.notAfter, object: kind)
        }
    }

    private func object(
        _ kind: Graph.ObjectKind, _ appId: String
    ) async -> Result<DirectoryObject?, Failure> {
        do throws(AzureError) {
            return .success(try await session.graph.object(kind, appId: appId))
        } catch {
            // An account that owns the application need not be allowed to see its service principal.
            guard error.code == .notFound || (kind == .servicePrincipal && error.code == .forbidden) else {
                return .failure(Failure(error))
            }
            return .success(nil)
        }
    }
}

/// Turns Azure's errors into what the machine tells apart.
func asFailure<Value: ~Copyable>(
    _ body: () async throws(AzureError) -> Value
) async throws(Failure) -> Value {
    do throws(AzureError) {
        return try await body()
    } catch {
        throw Failure(error)
    }
}

extension Failure {
    /// An error of Azure's, as the machine tells failures apart.
    init(_ error: AzureError) {
        let kind: Kind =
            switch error.code {
            case .unreachable, .unavailable, .cancelled: .unavailable
            case .answerLost: .answerLost
            case .throttled: .throttled
            case .conflict: .conflict
            case .notFound: .notFound
            case .forbidden: .forbidden
            case .signIn, .notOffered: .signIn
            case .secretRefused, .notKnownYet: .notPropagated
            case .badCharacters: .badCharacters
            case .stopped: .clusterStopped
            case .refused, .malformed: .invalid
            }
        self.init(kind, error.message, hint: error.hint, retryAfter: error.retryAfter)
    }
}

extension ManagedCluster {
    /// Whether its secret of this kind is one of `identity`.
    fileprivate func has(_ identity: Identity, as kind: CredentialKind) -> Bool {
        let appId = kind == .servicePrincipal ? servicePrincipal : legacyEntra?.serverAppId
        return appId?.lowercased() == identity.appId.lowercased()
    }
}

extension Identity.Object {
    fileprivate var kind: Graph.ObjectKind {
        switch self {
        case .application: .application
        case .servicePrincipal: .servicePrincipal
        }
    }
}

extension ClusterFacts {
    fileprivate init(_ cluster: ManagedCluster) {
        self.init(
            resourceId: cluster.id, name: cluster.name,
            servicePrincipal: cluster.servicePrincipal?.lowercased(),
            entra: cluster.legacyEntra.map {
                Entra(serverAppId: $0.serverAppId, clientAppId: $0.clientAppId)
            },
            hasManagedEntra: cluster.hasManagedEntra, isStopped: cluster.isStopped || cluster.isDeleting)
    }
}
