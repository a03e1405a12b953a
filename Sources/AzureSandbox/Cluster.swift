internal import FoundationEssentials

/// A managed cluster, as far as its identities matter.
struct Cluster: Sendable {
    /// A service principal and the secret that the cluster holds for it.
    struct ServicePrincipal: Sendable, Equatable {
        var clientId: String
        var secret: String
    }

    /// How the cluster signs its users in.
    enum EntraIntegration: Sendable, Equatable {
        /// Not at all.
        case none
        /// Through a server application and a client application of the operator's.
        case legacy(clientAppId: String, serverAppId: String, serverAppSecret: String, tenant: String)
        /// AKS manages it.
        case managed
    }

    /// One moment at which the cluster got another secret.
    struct Change: Sendable {
        let at: Date
        let keyId: String?
        let credential: Credential
    }

    /// The credentials that a cluster can hold.
    enum Credential: String, Sendable, CaseIterable {
        case servicePrincipal = "service-principal"
        case entraApp = "entra-app"
    }

    let name: String
    let resourceGroup: String
    let location: String
    /// `nil` where the cluster runs under a managed identity.
    var servicePrincipal: ServicePrincipal?
    var entra = EntraIntegration.none
    var provisioningState = "Succeeded"
    var powerState = "Running"
    var history: [Change] = []
    /// The operation that runs on the cluster.
    var operation: String?

    /// The application and secret that the cluster holds for a credential.
    func held(_ credential: Credential) -> (appId: String, secret: String)? {
        switch (credential, entra) {
        case (.servicePrincipal, _): servicePrincipal.map { ($0.clientId, $0.secret) }
        case (.entraApp, .legacy(_, let serverAppId, let secret, _)): (serverAppId, secret)
        case (.entraApp, _): nil
        }
    }
}

/// A long-running operation on a cluster.
struct ClusterOperation: Sendable {
    let id: String
    let cluster: String
    let start: Date
    let end: Date
    let succeeds: Bool
    /// Whether its end has been written to the cluster.
    var isSettled = false

    /// The name that polling shows: the id with the first three groups' bytes swapped, as Azure's polling has it
    /// (it writes the GUID's bytes in the other order).
    var name: String {
        let groups = id.split(separator: "-").map(String.init)
        guard groups.count == 5 else { return id }
        let swapped = groups[0..<3].map { group in
            let digits = Array(group)
            return stride(from: digits.count - 2, through: 0, by: -2)
                .map { String(digits[$0...$0 + 1]) }.joined()
        }
        return (swapped + groups[3...]).joined(separator: "-")
    }
}

/// A cluster held a secret that Entra refuses: what a rotation must never bring about.
struct Violation: Sendable, Equatable {
    let at: Date
    let cluster: String
    let credential: Cluster.Credential
    let why: String
}
