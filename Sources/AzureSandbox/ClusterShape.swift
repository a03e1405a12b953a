internal import FoundationEssentials

/// Clusters and operations as AKS shows them: the properties of the recorded answers of the real service.
enum ClusterShape {
    /// A cluster; its secrets are never shown.
    static func cluster(_ cluster: Cluster, _ cloud: Cloud) -> JSON {
        let version = "1.33.3"
        let dns = "\(cluster.name)-dns"
        let state = JSON.string(cluster.provisioningState)
        let power: JSON = ["code": .string(cluster.powerState)]
        var properties: JSON = [
            "provisioningState": state, "powerState": power, "kubernetesVersion": .string(version),
            "currentKubernetesVersion": .string(version), "dnsPrefix": .string(dns),
            "fqdn": "\(dns)-cth0i53l.hcp.\(cluster.location).azmk8s.io",
            "azurePortalFQDN": "\(dns)-cth0i53l.portal.hcp.\(cluster.location).azmk8s.io",
            "agentPoolProfiles": [pool(cluster, version: version)],
            "servicePrincipalProfile": [
                "clientId": .string(cluster.servicePrincipal?.clientId ?? "msi")
            ],
            "nodeResourceGroup": .string(nodeResourceGroup(cluster)),
            "enableRBAC": true, "supportPlan": "KubernetesOfficial",
            "networkProfile": network,
        ]
        if let entra = entra(cluster, cloud) { properties = properties.with("aadProfile", entra) }
        let end: JSON = [
            "maxAgentPools": 100, "disableLocalAccounts": false, "securityProfile": [:],
            "storageProfile": [
                "diskCSIDriver": ["enabled": true], "fileCSIDriver": ["enabled": true],
                "snapshotController": ["enabled": true],
            ],
            "oidcIssuerProfile": ["enabled": false], "workloadAutoScalerProfile": [:],
        ]
        let whole: JSON = [
            "id": .string(id(cluster, cloud)), "location": .string(cluster.location),
            "name": .string(cluster.name), "tags": [:], "type": "Microsoft.ContainerService/ManagedClusters",
            "properties": properties.with(contentsOf: end),
        ]
        let sku: JSON = ["sku": ["name": "Base", "tier": "Free"]]
        guard cluster.servicePrincipal == nil else { return whole.with(contentsOf: sku) }
        let identity: JSON = [
            "identity": [
                "type": "SystemAssigned", "principalId": .string(managedId(cluster)),
                "tenantId": .string(cloud.tenant),
            ]
        ]
        return whole.with(contentsOf: identity).with(contentsOf: sku)
    }

    /// A cluster's resource id, with the lower-case `resourcegroups` that AKS writes.
    static func id(_ cluster: Cluster, _ cloud: Cloud) -> String {
        "/subscriptions/\(cloud.subscription)/resourcegroups/\(cluster.resourceGroup)"
            + "/providers/Microsoft.ContainerService/managedClusters/\(cluster.name)"
    }

    /// The resource group that holds a cluster's machines.
    static func nodeResourceGroup(_ cluster: Cluster) -> String {
        "MC_\(cluster.resourceGroup)_\(cluster.name)_\(cluster.location)"
    }

    /// An operation's state.
    static func operation(_ operation: ClusterOperation) -> JSON {
        let body: JSON = [
            "name": .string(operation.name),
            "status": operation.isSettled ? (operation.succeeds ? "Succeeded" : "Failed") : "InProgress",
            "startTime": .string(Moment.ticks(operation.start)),
        ]
        guard operation.isSettled else { return body }
        let ended = body.with("endTime", .string(Moment.ticks(operation.end)))
        guard !operation.succeeds else { return ended }
        return ended.with(
            "error",
            [
                "code": "InternalOperationError",
                "message": "Internal server error: the node image upgrade of pool nodepool1 did not finish.",
            ])
    }

    private static func pool(_ cluster: Cluster, version: String) -> JSON {
        [
            "name": "nodepool1", "count": 3, "vmSize": "Standard_DS2_v2", "osDiskSizeGB": 128,
            "osDiskType": "Managed", "kubeletDiskType": "OS", "maxPods": 110,
            "type": "VirtualMachineScaleSets", "enableAutoScaling": false,
            "provisioningState": .string(cluster.provisioningState),
            "powerState": ["code": .string(cluster.powerState)], "orchestratorVersion": .string(version),
            "currentOrchestratorVersion": .string(version), "enableNodePublicIP": false, "mode": "System",
            "enableEncryptionAtHost": false, "enableUltraSSD": false, "osType": "Linux", "osSKU": "Ubuntu",
            "nodeImageVersion": "AKSUbuntu-2204gen2containerd-202510.19.0", "upgradeSettings": [:],
            "enableFIPS": false,
        ]
    }

    private static let network: JSON = [
        "networkPlugin": "kubenet", "loadBalancerSku": "Standard",
        "loadBalancerProfile": ["managedOutboundIPs": ["count": 1]], "podCidr": "10.244.0.0/16",
        "serviceCidr": "10.0.0.0/16", "dnsServiceIP": "10.0.0.10", "outboundType": "loadBalancer",
        "podCidrs": ["10.244.0.0/16"], "serviceCidrs": ["10.0.0.0/16"], "ipFamilies": ["IPv4"],
    ]

    private static func entra(_ cluster: Cluster, _ cloud: Cloud) -> JSON? {
        switch cluster.entra {
        case .none: nil
        case .legacy(let clientAppId, let serverAppId, _, let tenant):
            [
                "adminGroupObjectIDs": nil, "adminUsers": nil, "clientAppID": .string(clientAppId),
                "serverAppID": .string(serverAppId), "tenantID": .string(tenant),
            ]
        case .managed:
            [
                "managed": true, "adminGroupObjectIDs": [], "adminUsers": nil, "enableAzureRBAC": false,
                "tenantID": .string(cloud.tenant),
            ]
        }
    }

    /// A GUID that is always the same for a cluster: its managed identity's.
    private static func managedId(_ cluster: Cluster) -> String {
        let digits = cluster.name.utf8.reduce(into: UInt64(14_695_981_039_346_656_037)) {
            hash, byte in
            hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211
        }
        let text = String(digits, radix: 16)
        let padded = String(repeating: "0", count: 16 - text.count) + text
        return "00000000-0000-4000-\(padded.prefix(4))-\(padded.suffix(12))"
    }
}
