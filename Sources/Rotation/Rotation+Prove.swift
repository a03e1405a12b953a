import FoundationEssentials

/// Prove: Entra accepts the secret, and nobody else is at work.
extension Rotation {
    var isProving: Bool { record.step == .prove && memory.ending == nil }

    /// All proofs are asked for at once; after a refusal one at a time, until one is accepted again.
    mutating func prove(_ count: Int) {
        memory.proofsOpen += count
        memory.proofFailure = nil
        effects.append(contentsOf: repeatElement(.prove, count: count))
    }

    mutating func handleProof(_ event: Event, _ now: Date) {
        memory.proofsOpen -= 1
        switch event {
        case .proved: memory.proofsAccepted += 1
        case .proofFailed(let failure): memory.proofFailure = failure
        default: break
        }
        if isProving, memory.proofsOpen == 0 { endRound(now) }
    }

    private mutating func endRound(_ now: Date) {
        let missing = max(record.plan.policy.proofs, 1) - memory.proofsAccepted
        guard let failure = memory.proofFailure, !lacks(.prove) else {
            if missing > 0, !lacks(.prove) { return prove(missing) }
            return deliverIfProved(now)
        }
        memory.proofsAccepted = 0
        guard failure.kind == .notPropagated || failure.isTransient else { return abandon(failure) }
        let delay = retryDelay(.prove, failure, first: 0.5, atMost: 15)
        guard now + delay < deadline(record.plan.policy.proofTimeout) else {
            return abandon(
                Failure(
                    .timeout,
                    "Entra did not accept the new secret within the policy's proofTimeout: \(failure.message)",
                    hint: "run it again later, with a longer proofTimeout if Entra is slow today"))
        }
        effects.append(.sleep(until: now + delay, .prove))
    }

    private mutating func deliverIfProved(_ now: Date) {
        guard isProving, memory.isUncontended, memory.proofsOpen == 0,
            isMet(.prove, memory.proofsAccepted >= max(record.plan.policy.proofs, 1))
        else { return }
        deliver(now)
    }

    // MARK: Several machines

    /// Another rotator that added a credential within this time counts as still at work.
    private static let contentionWindow: TimeInterval = 3_600

    /// After an add the directory is read again.
    ///
    /// Where another rotator's recent credential is listed, the one that was added later withdraws (by the
    /// start, then the key id, both by the directory's clock). With replica lag this is a best effort.
    mutating func checkContention(_ credentials: [Listed], _ now: Date) {
        guard isProving, let own = record.current, let ownKeyId = own.keyId, let ownStart = own.notBefore
        else { return }
        let known = Set(
            record.attempts.compactMap(\.keyId) + record.retirements.map(\.keyId))
        let knownNames = Set(record.lostNames.map(\.displayName) + record.attempts.map(\.displayName))
        let rival = credentials.first { other in
            guard let name = other.displayName, name.hasPrefix(Self.displayNamePrefix),
                !knownNames.contains(name), !known.contains(other.keyId),
                other.notBefore > ownStart - Self.contentionWindow
            else { return false }
            return (other.notBefore, other.keyId) < (ownStart, ownKeyId)
        }
        memory.isUncontended = true
        guard let rival, !lacks(.contention) else { return deliverIfProved(now) }
        abandon(
            Failure(
                .contended,
                "another rotator added credential \(rival.keyId) to \(record.plan.identity.appId) a moment ago",
                hint: "let it finish, or run this again in an hour"))
    }
}
