import FoundationEssentials

/// Add: a credential is intended, added, or lost and given up.
extension Rotation {
    /// What the display names of credentials begin with that any credferry adds.
    public static let displayNamePrefix = "credferry-"

    private static let maximumAttempts = 5

    mutating func add(_ now: Date) {
        memory.attempts += 1
        memory.tries = [:]
        record.step = .add
        for index in record.deliveries.indices { record.deliveries[index] = .init() }
        guard memory.attempts <= Self.maximumAttempts else {
            return stop(Failure(.timeout, "\(Self.maximumAttempts) credentials were added and lost in a row"))
        }
        let displayName = "\(Self.displayNamePrefix)\(record.id)-\(record.attempts.count + 1)"
        record.attempts.append(.init(displayName: displayName, intendedAt: now))
        effects.append(.add(displayName: displayName, notAfter: now + record.plan.policy.lifetime))
    }

    mutating func handleAdd(_ event: Event, _ now: Date) {
        switch event {
        case .added(let keyId, let notBefore, let notAfter, let fingerprint):
            updateCurrent { attempt in
                attempt.keyId = keyId
                attempt.notBefore = notBefore
                attempt.notAfter = notAfter
                attempt.fingerprint = fingerprint
            }
            memory.holdsSecret = true
            memory.hasAdded = true
            record.step = .prove
            memory.stepBegan = now
            memory.isUncontended = false
            memory.proofsAccepted = 0
            list(for: .contention)
            prove(max(record.plan.policy.proofs, 1))
        case .addFailed(let failure) where failure.kind == .answerLost:
            list(for: .lostAttempt)
        case .addFailed(let failure) where isTooEarly(failure, now):
            let delay = retryDelay(.provision, failure, first: 1, atMost: 15)
            effects.append(.sleep(until: now + delay, .provision))
        case .addFailed(let failure):
            updateCurrent { $0.fate = .removed }
            giveUp(failure)
        default: break
        }
    }

    /// The attempt whose `addPassword` got no answer is looked for by its name.
    ///
    /// Where a replica that lags does not list it, its name is remembered for sweeping; either way its secret
    /// is gone, so another is added.
    mutating func findLostAttempt(_ credentials: [Listed], _ now: Date) {
        guard let attempt = record.current else { return add(now) }
        if let found = credentials.first(where: { isNamed($0, attempt.displayName) }) {
            updateCurrent { $0.keyId = found.keyId }
            replaceAttempt(now)
        } else {
            if !lacks(.sweep) {
                record.lostNames.append(
                    LostName(displayName: attempt.displayName, since: attempt.intendedAt))
            }
            updateCurrent { $0.fate = .removed }
            add(now)
        }
    }

    /// Gives up the credential that the rotation works with and adds another.
    ///
    /// The old one is removed at once if no put of it had begun; otherwise only after every sink has confirmed
    /// the new one, since a sink that cannot be read may be handing it out (R1); and if a cluster may hold it,
    /// only after the overlap (R3).
    mutating func replaceAttempt(_ now: Date) {
        memory.holdsSecret = false
        effects.append(.forgetSecret)
        guard let attempt = record.current, let keyId = attempt.keyId else { return add(now) }
        guard isMet(.wasSent, !record.consumers.contains { $0.wasSent }) else {
            updateCurrent { $0.fate = .retiring }
            record.retirements.append(.init(keyId: keyId))
            for index in record.consumers.indices where record.consumers[index].stage != .gone {
                record.consumers[index] = .init()
            }
            return add(now)
        }
        updateCurrent { $0.fate = .lost }
        guard isMet(.wasPut, !attempt.wasPut) else { return add(now) }
        memory.awaitedRemoval = keyId
        remove([keyId])
    }

    /// Ends a rotation whose credential no sink has seen: the credential is removed, and nothing is left.
    mutating func abandon(_ failure: Failure) {
        memory.holdsSecret = false
        memory.ending = failure
        effects.append(.forgetSecret)
        guard let keyId = record.current?.keyId else { return giveUp(failure) }
        updateCurrent { $0.fate = .lost }
        memory.awaitedRemoval = keyId
        remove([keyId])
    }

    /// Ends the rotation where nothing of it is left behind, a new identity included; otherwise it stands still
    /// until `resume`.
    mutating func giveUp(_ failure: Failure) {
        guard record.attempts.allSatisfy({ $0.fate == .removed }),
            record.lostNames == record.plan.lostNames || record.provision != nil
        else {
            record.step = .add
            return stop(failure)
        }
        if record.provision != nil { return abandonProvision(failure) }
        record.outcome = .failed(failure)
        record.step = .ended
    }

    /// Whether a credential of the directory's list is the one that was to be added under `displayName`.
    func isNamed(_ credential: Listed, _ displayName: String) -> Bool {
        guard let name = credential.displayName, name.hasPrefix(Self.displayNamePrefix) else { return false }
        return isMet(.exactName, name == displayName)
    }

    /// Whether the current secret would be due, or dead, as soon as it is in use.
    ///
    /// A rotation that stood still for long adds another rather than hand out what is about to expire. The age of
    /// a credential that this process added is taken by its own clock, which need not agree with the
    /// directory's; that clock may have been set since another process added one, so the greater age counts.
    func expiresSoon(_ now: Date) -> Bool {
        guard let attempt = record.current, let notBefore = attempt.notBefore, let notAfter = attempt.notAfter
        else { return false }
        let life = notAfter.timeIntervalSince(notBefore)
        var age = now.timeIntervalSince(attempt.intendedAt)
        if !memory.hasAdded { age = max(age, now.timeIntervalSince(notBefore)) }
        return age >= life - min(record.plan.policy.rotateWithin, life / 2)
    }
}
