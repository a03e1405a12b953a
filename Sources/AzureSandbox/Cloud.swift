internal import FoundationEssentials

/// The world behind the services: a plain value that knows no HTTP, and is told what time it is.
struct Cloud: Sendable {
    let tenant: String
    let subscription: String
    /// The domain by which the tenant is known besides its id.
    let domain = "credferry.onmicrosoft.com"
    let location = "westeurope"
    /// The resource group in which everything is that was put into no other.
    static let resourceGroup = "rg-demo"
    var tuning: Tuning
    var directory = ReplicatedDirectory() { didSet { isAudited = false } }
    var resourceGroups = [Cloud.resourceGroup]
    var clusters: [Cluster] = [] { didSet { isAudited = false } }
    /// Every operation by its id.
    private(set) var operations: [String: ClusterOperation] = [:]
    var roleAssignments: [RoleAssignment] = []
    var vaults: [String: Vault] = [:]
    var federations: [Federation] = []
    /// Everything that can be forbidden.
    static let rights = [
        "graph.read", "graph.write", "graph.addPassword", "graph.removePassword", "arm.read", "arm.list",
        "arm.write", "arm.reset", "arm.poll", "vault.get", "vault.set", "vault.list", "vault.delete",
        "vault.recover", "vault.purge",
    ]
    /// Applications that hold every right.
    var permitted: Set<String> = []
    /// Rights that were taken away from all of them.
    var denied: Set<String> = []
    private(set) var violations: [Violation] = []
    /// Clusters' credentials that were refused when last looked at: a violation is noted once.
    private var broken: Set<String> = []
    /// Whether nothing has changed since the clusters' credentials were last looked at.
    private var isAudited = false
    /// When the next credential that a cluster holds expires.
    private var nextExpiry = Date.distantFuture
    /// The operations that have not ended.
    private var running: Set<String> = []
    /// How often each credential was tried while it flapped.
    private var flaps: [String: Int] = [:]

    /// An empty world.
    init(tenant: String = Random.guid(), subscription: String = Random.guid(), tuning: Tuning = Tuning()) {
        self.tenant = tenant
        self.subscription = subscription
        self.tuning = tuning
    }

    /// Lets the world catch up with the clock: operations end, credentials expire.
    ///
    /// To be called before anything is read or changed, and after every change.
    mutating func advance(to now: Date) {
        for id in running where operations[id].map({ $0.end <= now }) ?? true { settle(id) }
        guard !isAudited || nextExpiry <= now else { return }
        nextExpiry = .distantFuture
        for cluster in clusters {
            for credential in Cluster.Credential.allCases { audit(credential, of: cluster, at: now) }
        }
        isAudited = true
    }

    /// Begins to follow an operation.
    mutating func begin(_ operation: ClusterOperation) {
        operations[operation.id] = operation
        running.insert(operation.id)
    }

    private mutating func settle(_ id: String) {
        running.remove(id)
        guard let operation = operations[id] else { return }
        operations[id]?.isSettled = true
        guard let index = clusters.firstIndex(where: { $0.operation == id }) else { return }
        clusters[index].operation = nil
        clusters[index].provisioningState = operation.succeeds ? "Succeeded" : "Failed"
    }

    private mutating func audit(_ credential: Cluster.Credential, of cluster: Cluster, at now: Date) {
        guard let held = cluster.held(credential) else { return }
        let key = "\(cluster.name)/\(credential.rawValue)"
        // AKS has accepted it, so that propagation is no matter here: only removal and expiry are.
        let verdict = directory.primary.judge(secret: held.secret, of: held.appId, at: now, propagation: 0)
        let why: String
        var at = now
        switch verdict {
        case .accepted(let valid):
            broken.remove(key)
            nextExpiry = min(nextExpiry, valid.end)
            return
        case .unknownClient: why = "the identity \(held.appId) does not exist or is disabled"
        case .wrongSecret: why = "the credential that the cluster holds was removed"
        case .expired(let credential):
            why = "the credential that the cluster holds has expired"
            at = credential.end
        }
        guard broken.insert(key).inserted else { return }
        violations.append(Violation(at: at, cluster: cluster.name, credential: credential, why: why))
    }

    /// Whether Entra accepts what a cluster holds now.
    func isAccepted(_ credential: Cluster.Credential, of cluster: Cluster, at now: Date) -> Bool {
        guard let held = cluster.held(credential) else { return true }
        let verdict = directory.primary.judge(secret: held.secret, of: held.appId, at: now, propagation: 0)
        if case .accepted = verdict { return true }
        return false
    }

    /// What Entra's sign-in says to a secret; a credential that flaps is refused every second time.
    mutating func signIn(_ appId: String, secret: String, at now: Date) -> Directory.Verdict {
        let verdict = directory.primary.judge(
            secret: secret, of: appId, at: now, propagation: tuning.propagation)
        guard case .accepted(let credential) = verdict,
            now < credential.added.addingTimeInterval(tuning.propagation + tuning.flapping)
        else { return verdict }
        let tries = flaps[credential.keyId, default: 0]
        flaps[credential.keyId] = tries + 1
        return tries.isMultiple(of: 2) ? verdict : .wrongSecret
    }

    /// Whether an application may do something.
    func permits(_ right: String, to appId: String) -> Bool {
        permitted.contains(appId) && !denied.contains(right)
    }
}
