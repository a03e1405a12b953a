internal import Settings
internal import SinkCore
internal import Rotation

/// What the fleet asks Azure before a rotation begins.
protocol AzureReader: Sendable {
    /// The configured cluster.
    func cluster(_ settings: ClusterSettings) async throws(Failure) -> ClusterFacts
    /// Every cluster of a subscription.
    func clusters(inSubscription subscription: String) async throws(Failure) -> [ClusterFacts]
    /// The tenant of what belongs to a subscription, or to none; `nil` where nobody names one.
    func tenant(of subscription: String?) async throws(Failure) -> String?
    /// An identity and its credentials.
    func identity(appId: String, tenant: String) async throws(Failure) -> IdentityFacts
}

/// What Azure says of a cluster.
struct ClusterFacts: Sendable {
    /// The legacy integration's applications.
    struct Entra: Sendable {
        let serverAppId: String
        let clientAppId: String
    }

    /// The Resource Manager id.
    let resourceId: String
    let name: String
    /// The service principal's application id, in lower case; `nil` under a managed identity.
    let servicePrincipal: String?
    /// The legacy Entra integration; `nil` where there is none, or where Azure manages it.
    let entra: Entra?
    /// Whether Entra integration is managed by Azure.
    let hasManagedEntra: Bool
    let isStopped: Bool

    /// The application id of one of its identities.
    func appId(_ kind: CredentialKind) -> String? {
        switch kind {
        case .servicePrincipal: servicePrincipal
        case .entraApp: entra?.serverAppId.lowercased()
        case .application: nil
        }
    }

    /// This cluster as the consumer of one of its identities.
    func consumer(_ kind: CredentialKind, named name: String) -> Consumer {
        Consumer(
            name: name, resourceId: resourceId, kind: kind,
            clientAppId: kind == .entraApp ? entra?.clientAppId : nil)
    }
}

/// What Azure says of an identity.
struct IdentityFacts: Sendable {
    let identity: Identity
    let credentials: [Listed]
}
