/// What Resource Manager says of an AKS cluster.
public struct ManagedCluster: Decodable, Sendable {
    /// The Resource Manager id.
    public let id: String
    /// The cluster's own name.
    public let name: String
    private let properties: Properties

    private struct Properties: Decodable, Sendable {
        let provisioningState: String?
        let powerState: PowerState?
        let servicePrincipalProfile: ServicePrincipalProfile?
        let aadProfile: EntraProfile?
        let status: Status?
        let agentPoolProfiles: [NodePool]?
    }

    /// A pool of nodes.
    public struct NodePool: Decodable, Sendable {
        /// Its name.
        public let name: String
        /// How many nodes it has now.
        public let count: Int?
        private let upgradeSettings: UpgradeSettings?

        private struct UpgradeSettings: Decodable, Sendable { let maxSurge: String? }

        /// How many nodes, or what share of them, an upgrade adds meanwhile: `3` or `33%`; `nil` where it was left
        /// to AKS.
        public var maxSurge: String? { upgradeSettings?.maxSurge }
    }

    private struct PowerState: Decodable, Sendable { let code: String? }
    private struct ServicePrincipalProfile: Decodable, Sendable { let clientId: String? }
    private struct EntraProfile: Decodable, Sendable {
        let managed: Bool?
        let serverAppID: String?
        let clientAppID: String?
    }

    private struct Status: Decodable, Sendable {
        struct Fault: Decodable, Sendable {
            struct Detail: Decodable, Sendable {
                let code: String?
                let message: String?
            }

            let code: String?
            let message: String?
            let error: Detail?
        }

        let provisioningError: Fault?
    }

    /// The state of the last operation: `Succeeded`, `Failed`, `Updating` and the like.
    public var provisioningState: String { properties.provisioningState ?? "Succeeded" }

    /// Its pools of nodes.
    public var nodePools: [NodePool] { properties.agentPoolProfiles ?? [] }

    /// Whether an operation runs on it.
    public var isBusy: Bool {
        !["succeeded", "failed", "canceled"].contains(provisioningState.lowercased())
    }

    /// Why the last operation failed; `nil` where it did not.
    public var failure: AzureError? {
        guard ["failed", "canceled"].contains(provisioningState.lowercased()) else { return nil }
        let fault = properties.status?.provisioningError
        return ResourceManager.fault(
            "cluster \(name) is in the state \(provisioningState)", fault?.code ?? fault?.error?.code,
            fault?.message ?? fault?.error?.message)
    }

    /// Whether it is stopped; a stopped cluster cannot be updated.
    public var isStopped: Bool { properties.powerState?.code?.lowercased() == "stopped" }

    /// Whether it is being deleted.
    public var isDeleting: Bool { provisioningState.lowercased() == "deleting" }

    /// The application id of its service principal; `nil` under a managed identity.
    ///
    /// A cluster with a managed identity has no profile, or `msi` in it, in any case of letters.
    public var servicePrincipal: String? {
        guard let clientId = properties.servicePrincipalProfile?.clientId, !clientId.isEmpty,
            clientId.lowercased() != "msi"
        else { return nil }
        return clientId
    }

    /// The applications of the legacy Entra integration; `nil` where there is none, or where Azure manages it.
    public var legacyEntra: (serverAppId: String, clientAppId: String)? {
        guard let profile = properties.aadProfile, profile.managed != true,
            let server = profile.serverAppID, let client = profile.clientAppID
        else { return nil }
        return (server, client)
    }

    /// Whether Azure manages its Entra integration.
    public var hasManagedEntra: Bool { properties.aadProfile?.managed == true }
}
