/// What applying a secret means for one cluster: a part of `plan`.
public struct Preflight: Codable, Sendable, Equatable {
    /// Whether the signed-in account may give the cluster a secret.
    public enum Permission: String, Codable, Sendable {
        /// One of its roles allows it.
        case granted
        /// None of its roles allows it.
        case missing
        /// Azure does not say.
        case unknown
    }

    /// A pool whose nodes are re-imaged.
    public struct NodePool: Codable, Sendable, Equatable {
        /// Its name.
        public var name: String
        /// How many nodes it has.
        public var nodes: Int
        /// How many nodes, or what share, an upgrade adds meanwhile, as the cluster has it.
        public var maxSurge: String?
        /// In how many rounds that many nodes at a time are re-imaged.
        public var rounds: Int

        /// - Parameter maxSurge: `nil` is AKS's default of 10 % (Microsoft's "Customize node surge upgrade").
        init(name: String, nodes: Int, maxSurge: String?) {
            self.name = name
            self.nodes = nodes
            self.maxSurge = maxSurge
            let surge = Self.surge(maxSurge ?? "10%", of: nodes)
            rounds = (nodes + surge - 1) / surge
        }

        /// A share is rounded up; there is always one.
        private static func surge(_ text: String, of nodes: Int) -> Int {
            let isShare = text.hasSuffix("%")
            guard let number = Int(isShare ? text.dropLast() : text[...]), number > 0 else { return 1 }
            return max(isShare ? (nodes * number + 99) / 100 : number, 1)
        }
    }

    /// The cluster's name.
    public var cluster: String
    /// Azure's word for the state of its last operation.
    public var provisioningState: String
    /// Whether an operation runs on it now, which the rotation waits for.
    public var isBusy: Bool
    /// Whether the signed-in account may give it a secret.
    public var permission: Permission
    /// The pools whose nodes are re-imaged.
    public var nodePools: [NodePool]
    /// How long that takes, in minutes; an estimate.
    public var minutes: Int

    /// How long a round takes: an estimate, since draining a node decides.
    ///
    /// Microsoft says "several minutes" for a cluster of small or middling size, and a long time for a large one
    /// ("Update or rotate the credentials for an AKS cluster").
    static let minutesARound = 5

    init(
        cluster: String, provisioningState: String, isBusy: Bool, permission: Permission,
        nodePools: [NodePool]
    ) {
        self.cluster = cluster
        self.provisioningState = provisioningState
        self.isBusy = isBusy
        self.permission = permission
        self.nodePools = nodePools
        minutes = max(nodePools.map(\.rounds).reduce(0, +), 1) * Self.minutesARound
    }
}
