internal import FoundationEssentials

/// Tenants, subscriptions, resource groups and the clouds' metadata as Resource Manager shows them.
enum ResourceManagerShape {
    static func tenant(_ cloud: Cloud) -> JSON {
        [
            "id": "/tenants/\(cloud.tenant)", "tenantId": .string(cloud.tenant), "countryCode": "NL",
            "displayName": "credferry sandbox", "domains": [.string(cloud.domain)],
            "tenantCategory": "Home", "defaultDomain": .string(cloud.domain), "tenantType": "AAD",
        ]
    }

    static func subscription(_ cloud: Cloud) -> JSON {
        [
            "id": "/subscriptions/\(cloud.subscription)", "authorizationSource": "RoleBased",
            "managedByTenants": [], "subscriptionId": .string(cloud.subscription),
            "tenantId": .string(cloud.tenant), "displayName": "credferry sandbox", "state": "Enabled",
            "subscriptionPolicies": [
                "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01",
                "spendingLimit": "Off",
            ],
        ]
    }

    static func resourceGroup(_ name: String, _ cloud: Cloud) -> JSON {
        [
            "id": "/subscriptions/\(cloud.subscription)/resourceGroups/\(name)", "name": .string(name),
            "type": "Microsoft.Resources/resourceGroups", "location": .string(cloud.location),
            "properties": ["provisioningState": "Succeeded"],
        ]
    }

    /// Every cluster and vault, as the list of all resources shows them.
    static func resources(_ cloud: Cloud) -> [JSON] {
        let clusters: [JSON] = cloud.clusters.map { cluster in
            [
                "id": .string(ClusterShape.id(cluster, cloud)), "name": .string(cluster.name),
                "type": "Microsoft.ContainerService/managedClusters", "location": .string(cluster.location),
                "tags": [:],
            ]
        }
        let group = "/subscriptions/\(cloud.subscription)/resourceGroups/\(Cloud.resourceGroup)"
        let vaults: [JSON] = cloud.vaults.keys.sorted().map { name in
            [
                "id": "\(group)/providers/Microsoft.KeyVault/vaults/\(name)", "name": .string(name),
                "type": "Microsoft.KeyVault/vaults", "location": .string(cloud.location), "tags": [:],
            ]
        }
        return clusters + vaults
    }

    /// The endpoints of this cloud; versions before 2022-09-01 list several clouds.
    static func metadata(_ endpoints: Endpoints, _ cloud: Cloud, _ request: WireRequest) -> WireAnswer {
        let body: JSON = [
            "portal": .string(endpoints.control),
            "authentication": [
                "loginEndpoint": .string(endpoints.login), "audiences": [.string(endpoints.management)],
                "tenant": "common", "identityProvider": "AAD",
            ],
            "graphAudience": .string(endpoints.graph), "graph": .string(endpoints.graph),
            "microsoftGraphResourceId": .string(endpoints.graph), "name": "AzureSandbox",
            "suffixes": ["keyVaultDns": .string(endpoints.vaultSuffix)],
            "resourceManager": .string(endpoints.management),
        ]
        let version = request.parameter("api-version") ?? ""
        return WireAnswer(200, version < "2022-09-01" ? [body] : body)
    }
}
