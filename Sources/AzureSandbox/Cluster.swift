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
    /// What it is found by, whatever the case in which a client writes it.
    let key: String
    /// `nil` where the cluster runs under a managed identity.
    var servicePrincipal: ServicePrincipal?
    var entra = EntraIntegration.none
    var provisioningState = "Succeeded"
    var powerState = "Running"
    var history: [Change] = []
    /// The operation that runs on the cluster.
    var operation: String?

    /// A cluster that runs under a managed identity until it is given a service principal.
    init(name: String, resourceGroup: String, location: String) {
        self.name = name
        self.resourceGroup = resourceGroup
        self.location = location
        key = Self.key(name, in: resourceGroup)
    }

    /// Whether a cluster can be called so: its name stands in paths.
    static func isName(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
    }

    /// What a cluster is found by.
    static func key(_ name: String, in resourceGroup: String) -> String {
        "\(resourceGroup)/\(name)".lowercased()
    }

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

    /// The name that polling shows: the id with the bytes of its first three groups in the other order.
    ///
    /// So the recorded answers have it: a GUID's text and its bytes are put together differently on the way.
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
