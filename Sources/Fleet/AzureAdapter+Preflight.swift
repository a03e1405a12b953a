internal import Azure
internal import Rotation
internal import SinkCore

extension AzureAdapter {
    /// What applying a secret to a consumer's cluster means for it; changes nothing.
    func preflight(_ consumer: Consumer) async throws(Failure) -> Preflight {
        async let permission = permission(consumer)
        let cluster = try await asFailure { () async throws(AzureError) in
            try await session.resourceManager.cluster(consumer.resourceId)
        }
        return Preflight(
            cluster: consumer.name, provisioningState: cluster.provisioningState, isBusy: cluster.isBusy,
            permission: await permission,
            nodePools: cluster.nodePools.map {
                .init(name: $0.name, nodes: $0.count ?? 0, maxSurge: $0.maxSurge)
            })
    }

    /// Whether the account may give the cluster a secret; what cannot be found out is no reason to stop.
    func permission(_ consumer: Consumer) async -> Preflight.Permission {
        do throws(AzureError) {
            let permissions = try await session.resourceManager.permissions(on: consumer.resourceId)
            return permissions.allow(consumer.resetAction) ? .granted : .missing
        } catch {
            return .unknown
        }
    }
}

extension Consumer {
    /// What Azure's roles call the right to give the cluster this secret.
    var resetAction: String {
        "Microsoft.ContainerService/managedClusters/"
            + (kind == .entraApp ? "resetAADProfile" : "resetServicePrincipalProfile") + "/action"
    }
}
