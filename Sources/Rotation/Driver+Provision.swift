/// A new identity, and the two identities that a rotation is about while one takes the other's place.
extension Driver {
    func provision(_ effect: Effect, _ record: RotationRecord) async -> Event {
        let tenant = record.plan.identity.tenant
        switch effect {
        case .findApplication(let displayName):
            return await answer { () async throws(Failure) in
                .applicationFound(try await identities.application(named: displayName, in: tenant))
            } orElse: {
                .findFailed($0)
            }
        case .makeApplication(let displayName):
            return await answer { () async throws(Failure) in
                .applicationMade(
                    try await identities.make(record.newApplication(named: displayName), in: tenant))
            } orElse: {
                .makeFailed($0)
            }
        case .makePrincipal:
            return await answer { () async throws(Failure) in
                guard let provision = record.provision,
                    let identity = provision.principalId == nil
                        ? provision.identity : provision.client?.identity
                else { throw Failure(.invalid, "there is no application to make a service principal of") }
                return .principalMade(try await identities.makePrincipal(of: identity))
            } orElse: {
                .principalFailed($0)
            }
        case .link:
            return await answer { () async throws(Failure) in
                guard let client = record.provision?.client?.identity,
                    let entra = record.plan.replacement?.entra
                else { throw Failure(.invalid, "there is no client application to link") }
                try await identities.link(client, to: record.identity, scopeId: entra.scopeId)
                return .linked
            } orElse: {
                .linkFailed($0)
            }
        case .grant(let index):
            return await answer { () async throws(Failure) in
                guard let principalId = record.provision?.principalId,
                    let grants = record.plan.replacement?.grants
                else { throw Failure(.invalid, "there is no service principal to give a role to") }
                try await identities.give(grants[index], to: principalId)
                return .granted(index)
            } orElse: {
                .grantFailed(index, $0)
            }
        default:
            return await answer { () async throws(Failure) in
                // What is the plan's own stays, whatever the record says (R5).
                if let client = record.provision?.client?.identity {
                    try await identities.unmake(client, grants: [])
                }
                if record.identity != record.plan.identity {
                    try await identities.unmake(
                        record.identity, grants: record.plan.replacement?.grants ?? [])
                }
                return .unmade
            } orElse: {
                .unmakeFailed($0)
            }
        }
    }

    /// The credentials of the identity, and of the one whose place it takes.
    ///
    /// A new identity need not be known everywhere yet, and an old one may be gone: either then has none there.
    func credentials(_ record: RotationRecord) async throws(Failure) -> [Listed] {
        guard let former = record.former else { return try await directory.credentials(of: record.identity) }
        return try await known(record.identity) + known(former)
    }

    private func known(_ identity: Identity) async throws(Failure) -> [Listed] {
        do throws(Failure) {
            return try await directory.credentials(of: identity)
        } catch {
            guard error.kind == .notFound else { throw error }
            return []
        }
    }

    /// Removes a credential from whichever of the identities has it: a credential's id is nobody else's.
    func remove(_ keyId: String, _ record: RotationRecord) async throws(Failure) {
        try await directory.removeCredential(keyId, from: record.identity)
        if let former = record.former, former != record.identity {
            try await directory.removeCredential(keyId, from: former)
        }
    }
}
