import FoundationEssentials

/// Apply: every consumer gets the secret, side by side.
extension Rotation {
    /// Sends the secret to every cluster.
    ///
    /// All sinks have confirmed it (R2).
    mutating func apply(_ now: Date) {
        record.step = .apply
        memory.stepBegan = now
        guard !memory.isResumed else { return resumeApply(now) }
        sendPendingResets(now)
    }

    /// What ran goes on; any other cluster is looked at before it is sent the secret.
    ///
    /// Much may have happened to it since it was looked at last.
    mutating func resumeApply(_ now: Date) {
        memory.stepBegan = now
        for index in record.consumers.indices {
            switch record.consumers[index].stage {
            case .applied, .gone: break
            case .following: follow(index)
            case .checking: effects.append(.examine(index))
            case .pending, .resetting, .failed:
                record.consumers[index].isOurs = false
                record.consumers[index].failedOperations = 0
                record.consumers[index].failure = nil
                examine(index)
            }
        }
        endApplyIfSettled(now)
    }

    mutating func sendPendingResets(_ now: Date) {
        for index in record.consumers.indices { sendReset(index, now) }
        endApplyIfSettled(now)
    }

    /// The secret cannot be had, so no cluster that waits for it gets it in this run.
    mutating func failPending(_ failure: Failure, _ now: Date) {
        for index in record.consumers.indices
        where record.consumers[index].stage == .pending && !memory.waiting.contains(index) {
            fail(index, failure)
        }
        endApplyIfSettled(now)
    }

    /// Writes the intent and sends the secret; where it is no longer at hand, a sink is read first.
    private mutating func sendReset(_ index: Int, _ now: Date) {
        guard record.step == .apply, record.consumers[index].stage == .pending,
            !memory.waiting.contains(index), !isTaken(index)
        else { return }
        guard isMet(.expiry, !expiresSoon(now)) else {
            let keyId = record.current?.keyId ?? "?"
            return fail(index, Failure(.secretLost, "credential \(keyId) expires too soon to be used"))
        }
        guard memory.holdsSecret else { return load(now) }
        record.consumers[index].stage = .resetting
        record.consumers[index].wasSent = true
        record.consumers[index].operation = nil
        record.consumers[index].failure = nil
        effects.append(.reset(index))
    }

    /// Whether another of the rotation's consumers is at work on the cluster: they take turns.
    private func isTaken(_ index: Int) -> Bool {
        record.consumers.indices.contains { other in
            record.plan.consumers[other].resourceId == record.plan.consumers[index].resourceId
                && [.resetting, .following, .checking].contains(record.consumers[other].stage)
        }
    }

    mutating func follow(_ index: Int) {
        guard let operation = record.consumers[index].operation else { return examine(index) }
        effects.append(.follow(index, operation: operation))
    }

    mutating func handleConsumer(_ event: Event, _ now: Date) {
        switch event {
        case .resetAccepted(let index, let operation):
            record.consumers[index].acceptedAt = now
            record.consumers[index].operation = operation
            record.consumers[index].isOurs = true
            record.consumers[index].stage = operation == nil ? .checking : .following
            memory.lastSeen[index] = now
            follow(index)
            forgetSecretIfSent()
        case .resetFailed(let index, let failure): handleRefusal(index, failure, now)
        case .operation(let index, let state): handleOperation(index, state, now)
        case .consumer(let index, let health): handleHealth(index, health, now)
        case .consumerFailed(let index, let failure):
            if failure.kind == .notFound, !lacks(.gone) {
                record.consumers[index].stage = .gone
                record.consumers[index].failure = failure
            } else if failure.kind == .notFound {
                handleHealth(index, .settled, now)
            } else if failure.isTransient {
                wait(.examine(index), index, failure, now, first: 1, atMost: 30)
            } else {
                fail(index, failure)
            }
        default: break
        }
        sendPendingResets(now)
    }

    private mutating func handleRefusal(_ index: Int, _ failure: Failure, _ now: Date) {
        switch failure.kind {
        case .answerLost:
            // Neither a failure nor a success: look at the cluster, follow what runs, then send again.
            record.consumers[index].isOurs = false
            examine(index)
        case .conflict: wait(.reset(index), index, failure, now, first: 2, atMost: 60)
        case .notPropagated: wait(.reset(index), index, failure, now, first: 1, atMost: 30)
        case .notFound:
            // The cluster itself says whether it is gone.
            record.consumers[index].failedOperations += 1
            guard record.consumers[index].failedOperations < Self.maximumFailedOperations else {
                return fail(index, failure)
            }
            record.consumers[index].isOurs = false
            examine(index)
        case .unavailable, .throttled: wait(.reset(index), index, failure, now, first: 1, atMost: 60)
        default: fail(index, failure)
        }
    }

    private mutating func handleOperation(_ index: Int, _ state: OperationState, _ now: Date) {
        switch state {
        case .running(let retryAfter):
            // A small share of the time already waited: quick operations are seen to end at once, and long
            // ones cost few requests.
            memory.lastSeen[index] = now
            let waited = now.timeIntervalSince(record.consumers[index].acceptedAt ?? now)
            let delay = retryAfter ?? min(max(waited * 0.05, 0.1), 30)
            sleep(.follow(index), index, now + delay)
        case .succeeded:
            record.consumers[index].operation = nil
            examine(index)
        case .unknown: examine(index)
        case .failed(let failure):
            handleFailedOperation(index, failure, isLookedAt: wasWatched(index, now), now)
        }
    }

    private mutating func handleHealth(_ index: Int, _ health: ConsumerHealth, _ now: Date) {
        let isOurs = record.consumers[index].isOurs
        let isFollowed = isOurs && record.consumers[index].operation != nil
        switch health {
        case .busy:
            let timer: Timer = isFollowed ? .follow(index) : .examine(index)
            wait(timer, index, nil, now, first: 0.2, atMost: 30)
            if isFollowed, wasWatched(index, now) { memory.lastSeen[index] = now }
        case .settled where isMet(.ownOperation, isOurs) && (!isFollowed || wasWatched(index, now)):
            record.consumers[index].stage = .applied
        case .settled where isFollowed && memory.tries[.follow(index), default: 0] < Self.maximumPolls:
            wait(.follow(index), index, nil, now, first: 1, atMost: 30)
        case .failed(let failure) where isOurs:
            handleFailedOperation(index, failure, isLookedAt: true, now)
        case .former where isOurs:
            let failure = Failure(
                .unavailable,
                "cluster \(record.plan.consumers[index].name) still has identity \(record.plan.identity.appId) after its operation"
            )
            handleFailedOperation(index, failure, isLookedAt: true, now)
        case .settled, .failed, .former:
            record.consumers[index].isOurs = false
            record.consumers[index].stage = .pending
        }
    }

    /// How often a cluster that is well again is asked how the rotation's operation has ended.
    private static let maximumPolls = 3

    /// How long a cluster may be out of sight, in seconds: shorter than any other operation of its kind.
    private static let maximumGap: TimeInterval = 60

    /// Whether no other operation can have come after the rotation's own, whose end nobody can tell.
    ///
    /// A cluster that is well may be so because of somebody's upgrade after the rotation's operation failed.
    /// Who has not had it in sight all the time sends the secret again: that does no harm.
    private func wasWatched(_ index: Int, _ now: Date) -> Bool {
        guard let lastSeen = memory.lastSeen[index] else { return lacks(.watched) }
        return isMet(.watched, (0...Self.maximumGap).contains(now.timeIntervalSince(lastSeen)))
    }

    private static let maximumFailedOperations = 3

    /// Sends the secret again, within limits.
    ///
    /// - Parameter isLookedAt: whether the cluster cannot have been given to another identity since it was seen
    ///   last; else it is looked at first (R5).
    private mutating func handleFailedOperation(
        _ index: Int, _ failure: Failure, isLookedAt: Bool, _ now: Date
    ) {
        if failure.needsNewSecret { return fail(index, failure) }
        if failure.kind != .notPropagated {
            record.consumers[index].failedOperations += 1
            guard record.consumers[index].failedOperations < Self.maximumFailedOperations else {
                return fail(index, failure)
            }
        }
        record.consumers[index].isOurs = false
        guard isLookedAt else {
            record.consumers[index].operation = nil
            return examine(index)
        }
        wait(.reset(index), index, failure, now, first: 2, atMost: 60)
    }

    private mutating func examine(_ index: Int) {
        record.consumers[index].stage = .checking
        effects.append(.examine(index))
    }

    private mutating func wait(
        _ timer: Timer, _ index: Int, _ failure: Failure?, _ now: Date, first: Double, atMost: Double
    ) {
        let delay = retryDelay(timer, failure, first: first, atMost: atMost)
        sleep(timer, index, now + delay, because: failure)
    }

    private mutating func sleep(_ timer: Timer, _ index: Int, _ date: Date, because failure: Failure? = nil) {
        guard date < deadline(record.plan.policy.applyTimeout) else {
            let reason = failure?.message ?? "its operation still runs"
            return fail(
                index,
                Failure(
                    .timeout,
                    "cluster \(record.plan.consumers[index].name) was not done within the policy's applyTimeout: \(reason)"
                ))
        }
        if case .reset = timer {
            record.consumers[index].stage = .pending
            memory.waiting.insert(index)
        }
        effects.append(.sleep(until: date, timer))
    }

    private mutating func fail(_ index: Int, _ failure: Failure) {
        record.consumers[index].stage = .failed
        record.consumers[index].failure = failure
        forgetSecretIfSent()
    }

    /// Following an operation needs no secret; sending it again reads it from a sink, where one can be read.
    private mutating func forgetSecretIfSent() {
        guard memory.holdsSecret, !record.consumers.contains(where: isWaitingForSecret) else { return }
        memory.holdsSecret = false
        effects.append(.forgetSecret)
    }

    /// Whether the secret may have to be sent to a consumer, and is to be kept for it.
    private func isWaitingForSecret(_ consumer: RotationRecord.ConsumerState) -> Bool {
        switch consumer.stage {
        case .pending, .resetting: true
        case .checking where !consumer.isOurs: true
        case .following, .checking: !record.plan.deliveries.contains(where: \.isReadable)
        case .applied, .failed, .gone: false
        }
    }

    private mutating func endApplyIfSettled(_ now: Date) {
        guard record.step == .apply, record.outcome == nil else { return }
        guard record.consumers.allSatisfy(\.stage.isFinal) else { return }
        let failures = record.consumers.filter { $0.stage == .failed }.compactMap(\.failure)
        if let failure = failures.first(where: \.needsNewSecret) {
            guard record.plan.isApplyOnly else { return replaceAttempt(now) }
            return endApplyOnly(failure)
        }
        if let failure = failures.first, !lacks(.everyConsumer) { return stop(failure) }
        forgetSecretIfSent()
        overlap(now)
    }

    /// What was to be applied is of no use; whoever has it keeps it.
    private mutating func endApplyOnly(_ failure: Failure) {
        record.outcome = .failed(failure)
        record.step = .ended
    }
}
