internal import Azure
internal import Synchronization

/// Which tenant identities live in: the one that the way of signing in names, else that of the subscription of
/// the cluster that they belong to.
final class Tenants: Sendable {
    private let known: String?
    private let found = Mutex<[String: String]>([:])

    /// - Parameter known: the tenant that the configuration or the environment names.
    init(known: String?) {
        self.known = known
    }

    /// The tenant of what belongs to `subscription`, asked for once; `nil` where nobody names one.
    func tenant(
        of subscription: String?, _ resourceManager: ResourceManager
    ) async throws(AzureError) -> String? {
        if let known { return known }
        guard let subscription else { return nil }
        if let tenant = found.withLock({ $0[subscription] }) { return tenant }
        let tenant = try await resourceManager.tenant(ofSubscription: subscription)
        found.withLock { $0[subscription] = tenant }
        return tenant
    }
}
