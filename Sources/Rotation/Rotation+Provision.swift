import FoundationEssentials

/// Provision: a new identity is made, and gets the roles of the one whose place it takes.
///
/// Until its first credential is put into a sink nobody knows it: so what goes wrong for good before takes it
/// back, and nothing is left behind.
extension Rotation {
    /// How long the directory's replicas may refuse what was just made, in seconds.
    ///
    /// azure-cli's create-for-rbac gives each of them 36 × 5 s.
    private static let replication: TimeInterval = 600

    mutating func begin(_ now: Date) {
        guard let replacement = record.plan.replacement else { return add(now) }
        makeApplication(replacement.displayName, now)
    }

    private mutating func makeApplication(_ displayName: String, _ now: Date) {
        record.step = .provision
        memory.stepBegan = now
        if record.provision?.identity == nil {
            record.provision = .init(displayName: displayName, intendedAt: now)
        } else {
            record.provision?.client = .init(displayName: displayName, intendedAt: now)
        }
        effects.append(.makeApplication(displayName: displayName))
    }

    /// An application whose making got no answer is looked for by its name; whatever else may have been done is
    /// asked for again, since doing it twice does it once.
    mutating func provision(_ now: Date) {
        memory.stepBegan = now
        guard let provision = record.provision else { return begin(now) }
        if provision.abandonment != nil {
            effects.append(.unmake)
        } else if let underWay = provision.underWay {
            effects.append(.findApplication(displayName: underWay.displayName))
        } else {
            goOnProvisioning(now)
        }
    }

    private mutating func goOnProvisioning(_ now: Date) {
        guard let provision = record.provision, let replacement = record.plan.replacement else { return }
        guard provision.principalId != nil else { return effects.append(.makePrincipal) }
        if let entra = replacement.entra, !integrate(entra, provision, now) { return }
        guard provision.granted >= replacement.grants.count || lacks(.granted) else {
            return effects.append(.grant(provision.granted))
        }
        if provision.grantedAt == nil { record.provision?.grantedAt = now }
        guard let usableAt = record.usableAt, isMet(.replaceWait, now >= usableAt) else {
            return effects.append(.sleep(until: record.usableAt ?? now, .provision))
        }
        add(now)
    }

    /// Goes on with the client of a legacy Entra integration.
    ///
    /// - Returns: whether nothing is left to do for it.
    private mutating func integrate(
        _ entra: EntraIntegration, _ provision: RotationRecord.Provision, _ now: Date
    ) -> Bool {
        guard let client = provision.client else {
            makeApplication(entra.clientDisplayName, now)
            return false
        }
        guard client.principalId != nil else {
            effects.append(.makePrincipal)
            return false
        }
        guard client.isLinked else {
            effects.append(.link)
            return false
        }
        guard isMet(.consent, provision.consentedAt != nil) else {
            let appId = record.identity.appId
            stop(
                Failure(
                    .forbidden,
                    "an administrator has to consent to the permissions of the new server application \(appId) (Microsoft Graph: Directory.Read.All, User.Read) before a cluster gets it",
                    hint:
                        "`az ad app permission admin-consent --id \(appId)`, then `credferry resume --consented`"
                ))
            return false
        }
        return true
    }

    /// The operator says that an administrator has consented.
    mutating func consent(_ now: Date) {
        if record.step == .provision, record.provision?.client?.isLinked == true {
            record.provision?.consentedAt = now
        }
    }

    mutating func handleProvision(_ event: Event, _ now: Date) {
        guard let provision = record.provision else { return }
        switch event {
        case .applicationMade(let identity), .applicationFound(.some(let identity)):
            if provision.identity == nil {
                record.provision?.identity = identity
            } else {
                record.provision?.client?.identity = identity
            }
            advance(now)
        case .applicationFound(nil): lookAgain(now)
        case .findFailed(let failure): tryAgain(failure, now) { $0.stop($1) }
        case .makeFailed(let failure) where failure.kind == .answerLost:
            guard let name = provision.underWay?.displayName else { return }
            effects.append(
                lacks(.findApplication)
                    ? .makeApplication(displayName: name) : .findApplication(displayName: name))
        case .makeFailed(let failure): abandonProvision(failure)
        case .principalMade(let id):
            if provision.principalId == nil {
                record.provision?.principalId = id
            } else {
                record.provision?.client?.principalId = id
            }
            advance(now)
        case .linked:
            record.provision?.client?.isLinked = true
            advance(now)
        case .granted(let index):
            record.provision?.granted = index + 1
            advance(now)
        case .principalFailed(let failure), .linkFailed(let failure), .grantFailed(_, let failure):
            tryAgain(failure, now) { $0.abandonProvision($1) }
        case .unmade: endUnmade()
        case .unmakeFailed(let failure): tryAgain(failure, now) { $0.stop($1) }
        default: break
        }
    }

    private mutating func advance(_ now: Date) {
        memory.tries[.provision] = nil
        memory.stepBegan = now
        goOnProvisioning(now)
    }

    /// A replica that lags need not list the application yet: only when every one must is it certain that it was
    /// never made, and another is.
    private mutating func lookAgain(_ now: Date) {
        guard let provision = record.provision, let underWay = provision.underWay,
            let replacement = record.plan.replacement
        else { return }
        guard isMet(.findApplication, now >= underWay.since + RotationRecord.sweepTime) else {
            let delay = retryDelay(.provision, nil, first: 1, atMost: 30)
            return effects.append(.sleep(until: now + delay, .provision))
        }
        let base =
            provision.identity == nil
            ? replacement.displayName : replacement.entra?.clientDisplayName ?? replacement.displayName
        let number = Int(underWay.displayName.dropFirst(base.count + 1)) ?? 1
        makeApplication("\(base)-\(number + 1)", now)
    }

    /// What is not known everywhere yet, or did not work just now, is asked for again for a while.
    ///
    /// - Parameter refuse: what becomes of a failure that time does not mend. One that it may mend, but has not,
    ///   leaves the rotation where it stands.
    private mutating func tryAgain(
        _ failure: Failure, _ now: Date, orElse refuse: (inout Rotation, Failure) -> Void
    ) {
        guard failure.kind == .notPropagated || failure.isTransient else { return refuse(&self, failure) }
        let delay = retryDelay(.provision, failure, first: 1, atMost: 15)
        guard now + delay < deadline(Self.replication) else { return stop(failure) }
        effects.append(.sleep(until: now + delay, .provision))
    }

    mutating func wakeProvision(_ now: Date) {
        if record.step == .add {
            addAgain(now)
        } else if record.step == .provision, record.outcome == nil {
            let began = memory.stepBegan
            provision(now)
            memory.stepBegan = began
        }
    }

    // MARK: A new identity that is not known yet

    /// Whether a refusal to add means that the new application is not known everywhere yet.
    func isTooEarly(_ failure: Failure, _ now: Date) -> Bool {
        guard failure.kind == .notFound, let usableAt = record.usableAt else { return false }
        return now < usableAt + Self.replication
    }

    /// The application was not found, so nothing was added: the same name may be used again.
    private mutating func addAgain(_ now: Date) {
        guard let attempt = record.current, attempt.keyId == nil else { return }
        effects.append(.add(displayName: attempt.displayName, notAfter: now + record.plan.policy.lifetime))
    }

    // MARK: Giving up

    /// Takes back what was made; nobody has a secret of it.
    mutating func abandonProvision(_ failure: Failure) {
        record.step = .provision
        record.provision?.abandonment = failure
        guard record.provision?.identity != nil, !lacks(.unmake) else { return endUnmade() }
        effects.append(.unmake)
    }

    private mutating func endUnmade() {
        guard let failure = record.provision?.abandonment else { return }
        record.outcome = .failed(failure)
        record.step = .ended
    }
}
