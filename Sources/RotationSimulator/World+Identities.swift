import FoundationEssentials
import Rotation

/// An identity; the first is the one that the clusters begin with.
struct Application {
    let displayName: String?
    let madeAt: Double
    /// The roles that its service principal has, by their place in the plan.
    var grants: Set<Int>
    var hasPrincipal = false
    /// When it got the last of them.
    var grantedAt = 0.0
    var removedAt: Double?
    /// The client that may use its scope.
    var client: Int?
    /// Whether an administrator has consented to its permissions.
    var isConsented = false
}

extension World {
    func appId(_ application: Int) -> String { application == 0 ? "app" : "app-\(application)" }

    func identity(_ application: Int) -> Identity {
        Identity(
            appId: appId(application), tenant: "tenant", object: .application,
            objectId: "object-\(application)")
    }

    func application(_ identity: Identity) -> Int { Int(identity.appId.dropFirst(4)) ?? 0 }

    /// The identities whose credentials a rotation reads and removes.
    func identities(_ process: RotatorProcess) -> Set<Int> {
        let record = process.rotation.record
        return Set([record.identity, record.plan.identity].map(application))
    }

    /// The identity that the fleet finds at the clusters, or else in the journal.
    func currentApplication(_ computer: Int) -> Int {
        let found = consumers.indices.filter { isPresent($0) }.map { consumers[$0].application }.max()
        return found ?? Ledger(computers[computer].records).latest.map { application($0.identity) } ?? 0
    }

    /// Whether the replica that answers knows a new identity.
    func isKnown(_ application: Int) -> Bool {
        applications[application].removedAt == nil
            && now >= applications[application].madeAt + chance.between(0, weather.directoryLag)
    }

    func replacement(_ id: String) -> Replacement? {
        guard weather.replacements > 0, chance.happens(weather.replacements) else { return nil }
        return Replacement(
            displayName: "credferry-\(id)",
            grants: (0..<weather.grants).map {
                Grant(name: "\($0)", scope: "/\($0)", roleDefinitionId: "role")
            },
            entra: weather.isEntra
                ? EntraIntegration(clientDisplayName: "credferry-\(id)-client", scopeId: "scope") : nil)
    }

    /// Whether an operator who resumes says that an administrator has consented; in the end all do.
    func consents(_ record: RotationRecord) -> Bool {
        guard let provision = record.provision, provision.client?.isLinked == true,
            let server = provision.identity, provision.consentedAt == nil,
            weather.isCalm || chance.happens(60)
        else { return false }
        applications[application(server)].isConsented = true
        return true
    }

    // MARK: Calls

    /// What one replica knows: everything up to some moment.
    func findApplication(_ displayName: String) -> Event {
        let moment = now - (chance.happens(50) ? chance.between(0, weather.directoryLag) : 0)
        let found = applications.firstIndex {
            $0.displayName == displayName && $0.madeAt <= moment && $0.removedAt == nil
        }
        return .applicationFound(found.map(identity))
    }

    func makeApplication(_ displayName: String) -> Event {
        applications.append(Application(displayName: displayName, madeAt: now, grants: []))
        return .applicationMade(identity(applications.count - 1))
    }

    func makePrincipal(_ process: RotatorProcess) -> Event {
        guard let provision = process.rotation.record.provision,
            let identity = provision.principalId == nil ? provision.identity : provision.client?.identity
        else { return .principalFailed(Failure(.invalid, "nothing was made")) }
        let made = application(identity)
        guard now >= applications[made].madeAt + chance.between(0, min(weather.directoryLag, 60)) else {
            return .principalFailed(Failure(.notPropagated, "does not reference a valid application object"))
        }
        applications[made].hasPrincipal = true
        return .principalMade("principal-\(made)")
    }

    func link(_ process: RotatorProcess) -> Event {
        let record = process.rotation.record
        guard let client = record.provision?.client?.identity.map(application) else {
            return .linkFailed(Failure(.invalid, "there is no client"))
        }
        if !applications[client].hasPrincipal {
            breaks("R8", "a link of a client without a service principal")
        }
        applications[application(record.identity)].client = client
        return .linked
    }

    func grant(_ index: Int, _ process: RotatorProcess) -> Event {
        let made = application(process.rotation.record.identity)
        guard chance.happens(70) || weather.directoryLag == 0 else {
            return .grantFailed(index, Failure(.notPropagated, "PrincipalNotFound"))
        }
        if !applications[made].hasPrincipal { breaks("R8", "a role for nobody") }
        if applications[made].grants.insert(index).inserted { applications[made].grantedAt = now }
        return .granted(index)
    }

    func unmake(_ process: RotatorProcess) -> Event {
        let made = application(process.rotation.record.identity)
        if made == 0 { breaks("R5", "the clusters' own identity is taken back") }
        if let client = process.rotation.record.provision?.client?.identity.map(application) {
            applications[client].removedAt = applications[client].removedAt ?? now
        }
        if applications[made].removedAt == nil { applications[made].removedAt = now }
        for number in credentials.indices
        where credentials[number].application == made && credentials[number].removedAt == nil {
            credentials[number].removedAt = now
        }
        return .unmade
    }

    // MARK: Rules

    /// A new identity has a service principal and all its roles, and has had them for the policy's time.
    func checkProvisioned(_ number: Int, _ process: RotatorProcess) {
        guard number > 0, let replacement = process.rotation.record.plan.replacement else { return }
        guard applications[number].hasPrincipal, applications[number].grants.count == replacement.grants.count
        else { return breaks("R3", "identity \(number) is used without its roles") }
        if replacement.entra != nil, applications[number].client == nil || !applications[number].isConsented {
            breaks(
                "R3", "identity \(number) is used without its client, or without an administrator's consent")
        }
        guard !computers[process.computer].hasJumped,
            now < applications[number].grantedAt + weather.policy.replaceWait
        else { return }
        breaks("R3", "identity \(number) is used before the policy's replaceWait is over")
    }

    /// What was made is in use, was in use once, or is gone; a clock that jumped may have given one up early.
    func checkApplications() {
        guard !computers.contains(where: \.hasJumped) else { return }
        for number in applications.indices.dropFirst() where applications[number].removedAt == nil {
            let wasHeld = credentials.contains { $0.application == number && $0.wasHeld }
            let isKnown = computers.contains { computer in
                computer.records.contains { record in
                    record.appliedAt != nil
                        && [record.identity, record.provision?.client?.identity].contains {
                            $0.map(application) == number
                        }
                }
            }
            if !wasHeld, !isKnown { breaks("R4", "identity \(number) is left behind") }
        }
    }
}
