internal import FoundationEssentials

/// The world as the control interface shows it: with every secret, which are the sandbox's own.
enum ControlShape {
    static func state(_ cloud: Cloud, at now: Date) -> JSON {
        [
            "now": .string(Moment.milliseconds(now)),
            "applications": .array(
                cloud.directory.primary.objects.filter { $0.kind == .application }
                    .map { application($0, cloud, at: now) }),
            "clusters": .array(cloud.clusters.map { cluster($0, cloud, at: now) }),
            "vaults": .object(
                cloud.vaults.sorted { $0.key < $1.key }
                    .map { JSON.Member(name: $0.key, value: vault($0.value)) }),
        ]
    }

    static func violation(_ violation: Violation) -> JSON {
        [
            "at": .string(Moment.milliseconds(violation.at)), "cluster": .string(violation.cluster),
            "credential": .string(violation.credential.rawValue), "why": .string(violation.why),
        ]
    }

    static func cluster(_ cluster: Cluster, _ cloud: Cloud, at now: Date) -> JSON {
        [
            "name": .string(cluster.name), "id": .string(ClusterShape.id(cluster, cloud)),
            "secret": JSON(cluster.servicePrincipal?.secret),
            "clientId": JSON(cluster.servicePrincipal?.clientId),
            "provisioningState": .string(cluster.provisioningState),
            "powerState": .string(cluster.powerState),
            "history": .array(
                cluster.history.map { change in
                    [
                        "at": .string(Moment.milliseconds(change.at)), "keyId": JSON(change.keyId),
                        "credential": .string(change.credential.rawValue),
                    ]
                }),
            "secretIsAccepted": .bool(
                Cluster.Credential.allCases.allSatisfy { cloud.isAccepted($0, of: cluster, at: now) }),
            "aad": entra(cluster),
        ]
    }

    private static func entra(_ cluster: Cluster) -> JSON {
        switch cluster.entra {
        case .none: nil
        case .managed: ["managed": true]
        case .legacy(let clientAppId, let serverAppId, let secret, let tenant):
            [
                "clientAppId": .string(clientAppId), "serverAppId": .string(serverAppId),
                "serverAppSecret": .string(secret), "tenantId": .string(tenant),
            ]
        }
    }

    private static func application(_ object: DirectoryObject, _ cloud: Cloud, at now: Date) -> JSON {
        let principal = cloud.directory.primary.object(.servicePrincipal, appId: object.appId)
        let credentials = [object, principal].compactMap(\.self).flatMap { owner in
            owner.credentials.map { credential($0, of: owner, cloud, at: now) }
        }
        return [
            "appId": .string(object.appId), "objectId": .string(object.id),
            "servicePrincipalObjectId": JSON(principal?.id), "displayName": .string(object.displayName),
            "credentials": .array(credentials),
        ]
    }

    private static func credential(
        _ credential: PasswordCredential, of owner: DirectoryObject, _ cloud: Cloud, at now: Date
    ) -> JSON {
        let verdict = cloud.directory.primary.judge(
            secret: credential.secret, of: owner.appId, at: now, propagation: cloud.tuning.propagation)
        var isAccepted = false
        if case .accepted = verdict { isAccepted = true }
        return [
            "keyId": .string(credential.keyId), "displayName": JSON(credential.displayName),
            "hint": .string(credential.hint), "startDateTime": .string(Moment.seconds(credential.start)),
            "endDateTime": .string(Moment.seconds(credential.end)), "object": .string(owner.kind.rawValue),
            "accepted": .bool(isAccepted),
        ]
    }

    private static func vault(_ vault: Vault) -> JSON {
        .object(
            vault.list(deleted: false).map { entry in
                JSON.Member(name: entry.name, value: .array(entry.versions.map(version)))
            })
    }

    private static func version(_ version: Vault.Version) -> JSON {
        let tags = version.tags.sorted { $0.key < $1.key }
            .map { JSON.Member(name: $0.key, value: .string($0.value)) }
        return [
            "version": .string(version.id), "value": .string(version.value),
            "contentType": JSON(version.contentType), "tags": .object(tags),
            "attributes": [
                "enabled": .bool(version.enabled), "nbf": version.notBefore.map { .integer($0) } ?? .null,
                "exp": version.expires.map { .integer($0) } ?? .null,
            ],
        ]
    }
}
