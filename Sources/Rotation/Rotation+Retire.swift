import FoundationEssentials

/// Overlap and retire: what the rotation replaced, and what it lost on the way, goes away in time.
extension Rotation {
    mutating func overlap(_ now: Date) {
        record.step = .overlap
        record.appliedAt = now
        record.outcome = .rotated
        performDuties(now)
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
        if due <= now {
            record.step = .retire
            effects.append(.list)
        } else if waitsForOverlap {
            effects.append(.sleep(until: due, .overlap))
        }
    }

    /// Removes what is due, by what the directory lists.
    ///
    /// What is not listed is gone.
    mutating func retire(_ credentials: [Listed], _ now: Date) {
        guard let current = record.current?.keyId, let notBefore = record.retireNotBefore else { return }
        let listed = Set(credentials.map(\.keyId))
        sweep(credentials, now)
        var due: [String] = []
        for index in record.retirements.indices where record.retirements[index].removedAt == nil {
            let keyId = record.retirements[index].keyId
            guard now >= notBefore, keyId != current else { continue }
            if listed.contains(keyId) {
                due.append(keyId)
            } else {
                record.retirements[index].removedAt = now
            }
        }
        for index in record.attempts.indices where record.attempts[index].fate == .lost {
            guard let keyId = record.attempts[index].keyId, keyId != current else { continue }
            if listed.contains(keyId) {
                due.append(keyId)
            } else {
                record.attempts[index].fate = .removed
            }
        }
        remove(due)
        endIfNothingIsLeft()
    }

    /// A lost name that turns up is removed like any lost credential; one that has not turned up in time was
    /// never added.
    private mutating func sweep(_ credentials: [Listed], _ now: Date) {
        let found = Dictionary(
            credentials.compactMap { credential in credential.displayName.map { ($0, credential) } },
            uniquingKeysWith: { first, _ in first })
        var turnedUp: [(LostName, String)] = []
        record.lostNames.removeAll { lost in
            guard let credential = found[lost.displayName] else {
                return now >= lost.since + RotationRecord.sweepTime
            }
            turnedUp.append((lost, credential.keyId))
            return true
        }
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
}
