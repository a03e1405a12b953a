import FoundationEssentials

/// Deliver: every sink has the secret, or gives it back after a crash.
extension Rotation {
    mutating func deliver(_ now: Date) {
        record.step = .deliver
        updateCurrent { $0.wasPut = true }
        for index in record.deliveries.indices where record.deliveries[index].stage != .confirmed {
            record.deliveries[index].stage = .putting
            record.deliveries[index].failure = nil
            effects.append(.put(index))
        }
        endDeliveryIfSettled(now)
    }

    mutating func handleDelivery(_ event: Event, _ now: Date) {
        switch event {
        case .stored(let index, let version):
            record.deliveries[index].version = version
            if record.plan.deliveries[index].isReadable, !lacks(.readBack) {
                record.deliveries[index].stage = .stored
                effects.append(.readBack(index))
            } else {
                record.deliveries[index].stage = .confirmed
            }
        case .putFailed(let index, let failure):
            retry(.put(index), failure, now)
        case .readBack(let index, matches: true):
            record.deliveries[index].stage = .confirmed
        case .readBack(let index, matches: false):
            let delivery = record.plan.deliveries[index]
            let failure = Failure(
                .mismatch,
                "sink \(delivery.sink) gives back another secret for \(delivery.name) than was put",
                hint: "see whether something else writes to it")
            retry(.readBack(index), failure, now)
        case .readBackFailed(let index, let failure):
            retry(.readBack(index), failure, now)
        default: break
        }
        endDeliveryIfSettled(now)
    }

    private mutating func retry(_ timer: Timer, _ failure: Failure, _ now: Date) {
        let index: Int
        switch timer {
        case .put(let delivery), .readBack(let delivery): index = delivery
        default: return
        }
        let delay = retryDelay(timer, failure, first: 0.5, atMost: 8)
        guard failure.isTransient || failure.kind == .mismatch, memory.tries[timer, default: 0] <= 4 else {
            record.deliveries[index].stage = .failed
            record.deliveries[index].failure = failure
            return
        }
        effects.append(.sleep(until: now + delay, timer))
    }

    private mutating func endDeliveryIfSettled(_ now: Date) {
        guard record.step == .deliver else { return }
        let stages = record.deliveries.map(\.stage)
        let isUnderWay = stages.contains { $0 == .putting || $0 == .stored || $0 == .pending }
        guard isMet(.putBeforeApply, !isUnderWay) else { return }
        if let failure = record.deliveries.compactMap(\.failure).first { return stop(failure) }
        remove(record.attempts.filter { $0.fate == .lost }.compactMap(\.keyId))
        apply(now)
    }

    // MARK: The secret after a crash

    mutating func resumeDelivery(_ now: Date) {
        for index in record.deliveries.indices where record.deliveries[index].stage == .failed {
            record.deliveries[index].stage = .putting
            record.deliveries[index].failure = nil
        }
        if !isMet(.expiry, !expiresSoon(now)) { return replaceAttempt(now) }
        load(now)
    }

    /// Looks for the secret of the current attempt in the sinks that may have it.
    mutating func load(_ now: Date) {
        guard !memory.isLoading else { return }
        let readable = record.deliveries.indices.filter { record.plan.deliveries[$0].isReadable }
        memory.isLoading = true
        memory.loadFailure = nil
        memory.loadQueue =
            readable.filter { record.deliveries[$0].stage == .confirmed }
            + readable.filter { ![.pending, .confirmed].contains(record.deliveries[$0].stage) }
        loadNext(now)
    }

    /// A sink that cannot be read now may have it: only when all of them gave another one is it gone.
    private mutating func loadNext(_ now: Date) {
        guard memory.loadQueue.isEmpty else {
            return effects.append(.load(memory.loadQueue.removeFirst()))
        }
        memory.isLoading = false
        let lost = Failure(
            .secretLost, "no sink gives back the secret of credential \(record.current?.keyId ?? "?")")
        if record.step == .apply {
            failPending(memory.loadFailure ?? lost, now)
        } else if let failure = memory.loadFailure {
            stop(failure)
        } else {
            replaceAttempt(now)
        }
    }

    mutating func handleLoad(_ event: Event, _ now: Date) {
        switch event {
        case .loaded(_, matches: true):
            memory.holdsSecret = true
            memory.isLoading = false
            guard record.step == .deliver else { return sendPendingResets(now) }
            deliver(now)
        case .loadFailed(_, let failure):
            memory.loadFailure = failure
            loadNext(now)
        case .loaded(let index, matches: false):
            // It was there, and something has put another in its place or lost it: it is put again.
            if record.step == .deliver { record.deliveries[index].stage = .putting }
            loadNext(now)
        default:
            loadNext(now)
        }
    }
}
