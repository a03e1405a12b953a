/// What the sandbox writes for others before it says that it is ready.
struct FirstFiles: Sendable {
    let endpoints: Endpoints
    let cloud: Cloud
    let account: DirectoryObject
    let controlToken: String

    /// A configuration of credferry with which everything in the sandbox can be rotated at once.
    var configuration: String {
        """
        # A credferry configuration for the sandbox at \(endpoints.control); made anew at each start.
        version: 1

        cloud:
          authorityHost: \(endpoints.login)
          graphEndpoint: \(endpoints.graph)
          resourceManagerEndpoint: \(endpoints.management)
          keyVaultSuffix: \(endpoints.vaultSuffix)
          certificateAuthorities: ca.pem

        auth:
          method: client-secret
          tenant: \(cloud.tenant)
          client: \(account.appId)
          secretFile: operator-secret

        state: state

        sinks:
          disk:   {type: file, path: "secrets/{cluster}.{credential}.json", format: json}
          ci:     {type: environment, path: "secrets/{cluster}.{credential}.env", format: shell}
          laptop: {type: keyring}
          vault:  {type: key-vault, vault: "\(endpoints.vault("ops"))", secret: "{cluster}-{credential}"}

        defaults:
          sinks: [disk, ci, laptop, vault]
          policy: {lifetime: 90d, rotateWithin: 30d, overlap: 10s, proofs: 3, proofTimeout: 2m,
                   applyTimeout: 5m}

        clusters:
        \(clusters)

        """
    }

    private var clusters: String {
        cloud.clusters.map { cluster in
            """
              - name: \(cluster.name)
                subscription: \(cloud.subscription)
                resourceGroup: \(cluster.resourceGroup)
            """
        }.joined(separator: "\n")
    }

    /// Where everything is, for programs.
    func description(authority: String) -> JSON {
        [
            "endpoint": .string(endpoints.control), "login": .string(endpoints.login),
            "graph": .string(endpoints.graph), "management": .string(endpoints.management),
            "vaultSuffix": .string(endpoints.vaultSuffix), "tenant": .string(cloud.tenant),
            "subscription": .string(cloud.subscription), "operator": ["appId": .string(account.appId)],
            "control": ["endpoint": "\(endpoints.control)/control", "token": .string(controlToken)],
            "ca": .string(authority),
        ]
    }
}
