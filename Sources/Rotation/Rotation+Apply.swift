import FoundationEssentials

/// Apply: every consumer gets the secret, side by side.
extension Rotation {
    /// Sends the secret to every cluster.
    ///
    /// All sinks have confirmed it (R2).
    mutating func apply(_ now: Date) {
        record.step = .apply
        memory.stepBegan = now
        guard !record.consumers.isEmpty else { return endApplyIfSettled(now) }
        sendPendingResets(now)
    }

    /// What ran goes on; what needs the secret waits until a sink has given it back.
    mutating func resumeApply(_ now: Date) {
        memory.stepBegan = now
        var needsSecret = false
        for index in record.consumers.indices {
            switch record.consumers[index].stage {
            case .applied: break
            case .following: follow(index)
            case .checking: effects.append(.examine(index))
            case .resetting:
                record.consumers[index].isOurs = false
                record.consumers[index].stage = .checking
                effects.append(.examine(index))
            case .pending, .failed:
                record.consumers[index].stage = .pending
                record.consumers[index].failedOperations = 0
                record.consumers[index].failure = nil
                needsSecret = true
            }
        }
        if needsSecret { load(now) }
        endApplyIfSettled(now)
    }

    mutating func sendPendingResets(_ now: Date) {
        for index in record.consumers.indices where !memory.waiting.contains(index) {
            sendReset(index, now)
        }
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
    mutating func sendReset(_ index: Int, _ now: Date) {
        guard record.step == .apply, record.consumers[index].stage == .pending else { return }
        guard memory.holdsSecret else { return load(now) }
        record.consumers[index].stage = .resetting
        record.consumers[index].wasSent = true
        record.consumers[index].operation = nil
        record.consumers[index].failure = nil
        effects.append(.reset(index))
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
            follow(index)
            forgetSecretIfSent()
        case .resetFailed(let index, let failure): handleRefusal(index, failure, now)
        case .operation(let index, let state): handleOperation(index, state, now)
        case .consumer(let index, let health): handleHealth(index, health, now)
        case .consumerFailed(let index, let failure):
            if failure.isTransient {
                wait(.examine(index), index, failure, now, first: 1, atMost: 30)
            } else {
                fail(index, failure)
            }
        default: break
        }
        endApplyIfSettled(now)
    }

    private mutating func handleRefusal(_ index: Int, _ failure: Failure, _ now: Date) {
        switch failure.kind {
        case .answerLost:
            // Neither a failure nor a success: look at the cluster, follow what runs, then send again.
            record.consumers[index].isOurs = false
            examine(index)
        case .conflict: wait(.reset(index), index, failure, now, first: 2, atMost: 60)
        case .notPropagated: wait(.reset(index), index, failure, now, first: 1, atMost: 30)
        case .unavailable, .throttled: wait(.reset(index), index, failure, now, first: 1, atMost: 60)
        default: fail(index, failure)
        }
    }

    private mutating func handleOperation(_ index: Int, _ state: OperationState, _ now: Date) {
        switch state {
        case .running(let retryAfter):
            // A small share of the time already waited: quick operations are seen to end at once, and long
            // ones cost few requests.
            let waited = now.timeIntervalSince(record.consumers[index].acceptedAt ?? now)
            let delay = retryAfter ?? min(max(waited * 0.05, 0.1), 30)
            sleep(.follow(index), index, now + delay)
        case .succeeded: examine(index)
        case .unknown: examine(index)
        case .failed(let failure): handleFailedOperation(index, failure, now)
        }
    }

    private mutating func handleHealth(_ index: Int, _ health: ConsumerHealth, _ now: Date) {
        let isOurs = record.consumers[index].isOurs
        switch health {
        case .busy: wait(.examine(index), index, nil, now, first: 0.2, atMost: 30)
        case .settled where isOurs: record.consumers[index].stage = .applied
        case .failed(let failure) where isOurs: handleFailedOperation(index, failure, now)
        case .settled, .failed:
            record.consumers[index].stage = .pending
            sendReset(index, now)
        }
    }

    private static let maximumFailedOperations = 3

    private mutating func handleFailedOperation(_ index: Int, _ failure: Failure, _ now: Date) {
        if failure.needsNewSecret { return fail(index, failure) }
        if failure.kind != .notPropagated {
            record.consumers[index].failedOperations += 1
            guard record.consumers[index].failedOperations < Self.maximumFailedOperations else {
                return fail(index, failure)
            }
        }
        record.consumers[index].isOurs = false
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

    /// Following an operation needs no secret; sending it again reads it from a sink.
    private mutating func forgetSecretIfSent() {
        let stages = record.consumers.map(\.stage)
        guard memory.holdsSecret, !stages.contains(where: { $0 == .pending || $0 == .resetting }) else {
            return
        }
        memory.holdsSecret = false
        effects.append(.forgetSecret)
    }

    private mutating func endApplyIfSettled(_ now: Date) {
        guard record.step == .apply else { return }
        let open = record.consumers.filter { $0.stage != .applied && $0.stage != .failed }
        guard open.isEmpty else { return }
        let failures = record.consumers.compactMap(\.failure)
        if failures.contains(where: \.needsNewSecret) { return replaceAttempt(now) }
        if let failure = failures.first { return stop(failure) }
        forgetSecretIfSent()
        overlap(now)
    }
}
