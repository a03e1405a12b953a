import FoundationEssentials

/// Overlap and retire: what the rotation replaced, and what it lost on the way, goes away in time.
extension Rotation {
    mutating func overlap(_ now: Date) {
        record.step = .overlap
        record.appliedAt = startOfOverlap(now)
        record.outcome = .rotated
        performDuties(now)
    }

    /// The moment, or what the record knows to be later.
    ///
    /// A clock that has gone backwards must not end the overlap early once it is right again; the
    /// credential's own start is the directory's time.
    private func startOfOverlap(_ now: Date) -> Date {
        guard !lacks(.clock) else { return now }
        let known = [record.startedAt, record.current?.notBefore] + record.consumers.map(\.acceptedAt)
        return known.compactMap { $0 }.reduce(now, max)
    }

    /// Takes in credentials that credferry did not add (R5); they go when the overlap is over.
    mutating func adopt(_ keyIds: [String], _ now: Date) {
        let known = Set(record.retirements.map(\.keyId) + [record.current?.keyId].compactMap { $0 })
        record.retirements += keyIds.filter { !known.contains($0) }.map { .init(keyId: $0) }
        guard record.appliedAt != nil else { return }
        if record.step == .ended { record.step = .overlap }
        performDuties(now)
    }

    mutating func performDuties(_ now: Date) {
        record.retireFailure = nil
        guard let due = record.nextDuty else { return endIfNothingIsLeft() }
        if isMet(.overlap, due <= now) {
            record.step = .retire
            list(for: .duties)
        } else if waitsForOverlap {
            effects.append(.sleep(until: due, .overlap))
        }
    }

    /// Removes what is due.
    ///
    /// What is not listed may be hidden by a replica that lags: removing what is gone does no harm.
    mutating func retire(_ credentials: [Listed], _ now: Date) {
        guard let current = record.current?.keyId, let notBefore = record.retireNotBefore else { return }
        sweep(credentials, isFresh: isMet(.freshList, credentials.contains { $0.keyId == current }), now)
        var due = record.attempts.filter { $0.fate == .lost }.compactMap(\.keyId)
        if isMet(.overlap, now >= notBefore) {
            due += record.retirements.filter { $0.removedAt == nil }.map(\.keyId)
        }
        if lacks(.onlyOurs) { due = credentials.map(\.keyId) }
        remove(due.filter { $0 != current })
        endIfNothingIsLeft()
    }

    /// A lost name that turns up is removed like any lost credential; one that has not turned up in time was
    /// never added.
    ///
    /// - Parameter isFresh: whether the list has the current credential, and so everything added before it. The
    ///   time alone does not tell: the clock may have been set.
    private mutating func sweep(_ credentials: [Listed], isFresh: Bool, _ now: Date) {
        if !isFresh, !record.lostNames.isEmpty {
            record.retireFailure = Failure(
                .unavailable,
                "the directory does not list the current credential of \(record.plan.identity.appId), so a lost one may be hidden, too",
                hint: "run `credferry resume` a little later")
        }
        var turnedUp: [(LostName, String)] = []
        var missing: [LostName] = []
        for lost in record.lostNames {
            if let credential = credentials.first(where: { isNamed($0, lost.displayName) }) {
                turnedUp.append((lost, credential.keyId))
            } else if !isFresh || now < lost.since + RotationRecord.sweepTime {
                missing.append(lost)
            }
        }
        record.lostNames = missing
        for (lost, keyId) in turnedUp {
            record.attempts.removeAll { $0.displayName == lost.displayName }
            var attempt = RotationRecord.Attempt(displayName: lost.displayName, intendedAt: lost.since)
            attempt.keyId = keyId
            attempt.fate = .lost
            record.attempts.append(attempt)
        }
    }

    mutating func endIfNothingIsLeft() {
        guard record.appliedAt != nil, record.nextDuty == nil else { return }
        record.step = .ended
        record.retireFailure = nil
    }

    // MARK: Removals

    mutating func remove(_ keyIds: [String]) {
        let isIdle = memory.removals.isEmpty
        memory.removals += keyIds.filter { !memory.removals.contains($0) }
        if isIdle { removeNext() }
    }

    private mutating func removeNext() {
        if let keyId = memory.removals.first { effects.append(.remove(keyId: keyId)) }
    }

    mutating func handleRemoved(_ keyId: String, _ now: Date) {
        for index in record.attempts.indices where record.attempts[index].keyId == keyId {
            record.attempts[index].fate = .removed
        }
        for index in record.retirements.indices where record.retirements[index].keyId == keyId {
            record.retirements[index].removedAt = now
        }
        memory.removals.removeAll { $0 == keyId }
        removeNext()
        if keyId == memory.awaitedRemoval {
            memory.awaitedRemoval = nil
            if let failure = memory.ending { giveUp(failure) } else { add(now) }
        } else if !record.isUnfinished {
            endIfNothingIsLeft()
        }
    }

    mutating func handleRemoveFailure(_ keyId: String, _ failure: Failure, _ now: Date) {
        memory.removals.removeAll { $0 == keyId }
        removeNext()
        guard keyId == memory.awaitedRemoval else { return record.retireFailure = failure }
        memory.awaitedRemoval = nil
        // It stays among the lost ones, which go once every sink has the next.
        if let failure = memory.ending { stop(failure) } else { add(now) }
    }
}
