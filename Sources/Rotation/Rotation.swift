public import FoundationEssentials

/// One rotation: a machine that goes from a state and an event to the next state and the effects to carry out.
///
///     plan → add → prove → deliver → apply → overlap → retire
///
/// It knows no clock, no network and no file: time comes with each event. Its driver writes ``record`` to the
/// journal, synced, *before* it carries out the effects that `handle` returned; so what stands in the record
/// is at least what was done, and a crash at any point loses at most the answers of calls that were under way.
///
/// What holds, always:
/// - **R1 readable ⇒ valid.** A secret that a sink hands out as current is one that Entra accepts.
/// - **R2 delivered before applied.** No cluster gets a secret that all its sinks have not confirmed.
/// - **R3 no gap.** At no moment does a cluster hold a secret that Entra refuses, if it held a good one before.
/// - **R4 no orphan.** Every credential ever added is findable from the record, and ends in use or removed.
/// - **R5 only ours.** Only credentials that credferry added, or the operator adopted, are removed.
/// - **R8 crash anywhere.** `resume` finishes the rotation, or stops with a named reason.
///
/// (R6, one at a time, is the journal's lock; R7, no trace, is the driver's: the machine never sees a secret.)
///
/// The driver ends when no effect is left unanswered; the record's `outcome` and `nextDuty` then say what is left.
/// This file holds the steps up to deliver; apply and retire have files of their own.
public struct Rotation: Sendable {
    /// What outlives the process.
    public internal(set) var record: RotationRecord

    /// What does not: a machine that is made from a stored record starts without it.
    var memory = Memory()
    var effects: [Effect] = []

    struct Memory {
        var holdsSecret = false
        var attempts = 0
        var proofsAccepted = 0
        var proofsOpen = 0
        var proofFailure: Failure?
        var stepBegan: Date?
        /// Whether the directory was asked for other rotators' credentials since the last add.
        var isUncontended = false
        var tries: [Timer: Int] = [:]
        /// Deliveries that may still hold the lost secret, and whether one of them could not be read.
        var isLoading = false
        var loadQueue: [Int] = []
        var loadFailure: Failure?
        /// Consumers that wait before they are sent the secret (again).
        var waiting: Set<Int> = []
        /// Credentials to remove, one after the other: the directory refuses changes made side by side.
        var removals: [String] = []
        /// Why the rotation ends once the credential it leaves behind is removed.
        var ending: Failure?
    }

    /// Whether the process stays for the overlap.
    public var waitsForOverlap = false

    /// A machine for a rotation that has not begun, or that was stored.
    public init(_ record: RotationRecord) {
        self.record = record
    }

    /// Goes on from `event`, which happened at `now`.
    ///
    /// - Returns: what to do next, after the record has been stored.
    public mutating func handle(_ event: Event, at now: Date) -> [Effect] {
        effects = []
        switch event {
        case .begin, .resume: resume(now)
        case .adopt(let keyIds): adopt(keyIds, now)
        case .added, .addFailed: handleAdd(event, now)
        case .listed(let credentials): handleList(credentials, now)
        case .listFailed(let failure): handleListFailure(failure, now)
        case .proved, .proofFailed: handleProof(event, now)
        case .stored, .putFailed, .readBack, .readBackFailed: handleDelivery(event, now)
        case .loaded, .loadFailed: handleLoad(event, now)
        case .resetAccepted, .resetFailed, .operation, .consumer, .consumerFailed: handleConsumer(event, now)
        case .removed(let keyId): handleRemoved(keyId, now)
        case .removeFailed(let keyId, let failure): handleRemoveFailure(keyId, failure, now)
        case .woke(let timer): handleTimer(timer, now)
        }
        return effects
    }

    private mutating func resume(_ now: Date) {
        if record.isUnfinished { record.outcome = nil }
        switch record.step {
        case .plan: add(now)
        case .add: effects.append(.list)
        case .prove: replaceAttempt(now)
        case .deliver: resumeDelivery(now)
        case .apply: resumeApply(now)
        case .overlap, .retire: performDuties(now)
        case .ended: break
        }
    }

    private mutating func handleTimer(_ timer: Timer, _ now: Date) {
        switch timer {
        case .prove: if isProving { prove(1) }
        case .put(let index): effects.append(.put(index))
        case .readBack(let index): effects.append(.readBack(index))
        case .reset(let index):
            memory.waiting.remove(index)
            sendReset(index, now)
        case .follow(let index): follow(index)
        case .examine(let index): effects.append(.examine(index))
        case .overlap: performDuties(now)
        }
    }

    // MARK: Add

    /// What the display names of credentials begin with that any credferry adds.
    public static let displayNamePrefix = "credferry-"

    private static let maximumAttempts = 5

    private mutating func add(_ now: Date) {
        memory.attempts += 1
        memory.tries = [:]
        guard memory.attempts <= Self.maximumAttempts else {
            return stop(Failure(.timeout, "\(Self.maximumAttempts) credentials were added and lost in a row"))
        }
        let displayName = "\(Self.displayNamePrefix)\(record.id)-\(record.attempts.count + 1)"
        record.attempts.append(.init(displayName: displayName, intendedAt: now))
        record.step = .add
        for index in record.deliveries.indices { record.deliveries[index] = .init() }
        effects.append(.add(displayName: displayName, notAfter: now + record.plan.policy.lifetime))
    }

    private mutating func handleAdd(_ event: Event, _ now: Date) {
        switch event {
        case .added(let keyId, let notBefore, let notAfter, let fingerprint):
            updateCurrent { attempt in
                attempt.keyId = keyId
                attempt.notBefore = notBefore
                attempt.notAfter = notAfter
                attempt.fingerprint = fingerprint
            }
            memory.holdsSecret = true
            record.step = .prove
            memory.stepBegan = now
            memory.isUncontended = false
            memory.proofsAccepted = 0
            effects.append(.list)
            prove(max(record.plan.policy.proofs, 1))
        case .addFailed(let failure) where failure.kind == .answerLost:
            effects.append(.list)
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
    private mutating func findLostAttempt(_ credentials: [Listed], _ now: Date) {
        guard let attempt = record.current else { return add(now) }
        if let found = credentials.first(where: { $0.displayName == attempt.displayName }) {
            updateCurrent { $0.keyId = found.keyId }
            replaceAttempt(now)
        } else {
            record.lostNames.append(LostName(displayName: attempt.displayName, since: attempt.intendedAt))
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
        if record.consumers.contains(where: { $0.wasSent }) {
            updateCurrent { $0.fate = .retiring }
            record.retirements.append(.init(keyId: keyId))
            for index in record.consumers.indices { record.consumers[index] = .init() }
            return add(now)
        }
        updateCurrent { $0.fate = .lost }
        if attempt.wasPut {
            add(now)
        } else {
            remove([keyId])
        }
    }

    // MARK: Prove

    private var isProving: Bool { record.step == .prove && memory.ending == nil }

    /// All proofs are asked for at once; after a refusal one at a time, until one is accepted again.
    private mutating func prove(_ count: Int) {
        memory.proofsOpen += count
        memory.proofFailure = nil
        effects.append(contentsOf: repeatElement(.prove, count: count))
    }

    private mutating func handleProof(_ event: Event, _ now: Date) {
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
        guard let failure = memory.proofFailure else {
            if missing > 0 { return prove(missing) }
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

    /// Ends a rotation whose credential no sink has seen: the credential is removed, and nothing is left.
    private mutating func abandon(_ failure: Failure) {
        memory.holdsSecret = false
        memory.ending = failure
        effects.append(.forgetSecret)
        guard let keyId = record.current?.keyId else { return giveUp(failure) }
        updateCurrent { $0.fate = .lost }
        remove([keyId])
    }

    /// Ends the rotation where nothing of it is left behind; otherwise it stands still until `resume`.
    private mutating func giveUp(_ failure: Failure) {
        guard record.attempts.allSatisfy({ $0.fate == .removed }), record.lostNames == record.plan.lostNames
        else {
            record.step = .add
            return stop(failure)
        }
        record.outcome = .failed(failure)
        record.step = .ended
    }

    // MARK: Several machines

    /// Another rotator that added a credential within this time counts as still at work.
    private static let contentionWindow: TimeInterval = 3_600

    /// After an add the directory is read again.
    ///
    /// Where another rotator's recent credential is listed, the one that was added later withdraws (by the
    /// start, then the key id). With replica lag this is a best effort.
    private mutating func checkContention(_ credentials: [Listed], _ now: Date) {
        guard let own = record.current, let ownKeyId = own.keyId, let ownStart = own.notBefore else { return }
        let known = Set(
            record.attempts.compactMap(\.keyId) + record.retirements.map(\.keyId))
        let knownNames = Set(record.lostNames.map(\.displayName) + record.attempts.map(\.displayName))
        let rival = credentials.first { other in
            guard let name = other.displayName, name.hasPrefix(Self.displayNamePrefix),
                !knownNames.contains(name), !known.contains(other.keyId),
                other.notBefore > now - Self.contentionWindow
            else { return false }
            return (other.notBefore, other.keyId) < (ownStart, ownKeyId)
        }
        memory.isUncontended = true
        guard let rival else { return deliverIfProved(now) }
        abandon(
            Failure(
                .contended,
                "another rotator added credential \(rival.keyId) to \(record.plan.identity.appId) a moment ago",
                hint: "let it finish, or run this again in an hour"))
    }

    // MARK: Deliver

    private mutating func deliverIfProved(_ now: Date) {
        guard isProving, memory.isUncontended, memory.proofsOpen == 0,
            memory.proofsAccepted >= max(record.plan.policy.proofs, 1)
        else { return }
        deliver(now)
    }

    private mutating func deliver(_ now: Date) {
        record.step = .deliver
        updateCurrent { $0.wasPut = true }
        for index in record.deliveries.indices where record.deliveries[index].stage != .confirmed {
            record.deliveries[index].stage = .putting
            record.deliveries[index].failure = nil
            effects.append(.put(index))
        }
        endDeliveryIfSettled(now)
    }

    private mutating func handleDelivery(_ event: Event, _ now: Date) {
        switch event {
        case .stored(let index, let version):
            record.deliveries[index].version = version
            if record.plan.deliveries[index].isReadable {
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
        let stages = record.deliveries.map(\.stage)
        guard !stages.contains(where: { $0 == .putting || $0 == .stored || $0 == .pending }) else { return }
        if let failure = record.deliveries.compactMap(\.failure).first { return stop(failure) }
        remove(record.attempts.filter { $0.fate == .lost }.compactMap(\.keyId))
        apply(now)
    }

    // MARK: The secret after a crash

    private mutating func resumeDelivery(_ now: Date) {
        for index in record.deliveries.indices where record.deliveries[index].stage == .failed {
            record.deliveries[index].stage = .putting
            record.deliveries[index].failure = nil
        }
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

    private mutating func handleLoad(_ event: Event, _ now: Date) {
        switch event {
        case .loaded(_, matches: true):
            memory.holdsSecret = true
            memory.isLoading = false
            guard record.step == .deliver else { return sendPendingResets(now) }
            deliver(now)
        case .loadFailed(_, let failure):
            memory.loadFailure = failure
            loadNext(now)
        default:
            loadNext(now)
        }
    }

    // MARK: Lists

    private mutating func handleList(_ credentials: [Listed], _ now: Date) {
        switch record.step {
        case .add: findLostAttempt(credentials, now)
        case .prove: checkContention(credentials, now)
        case .retire: retire(credentials, now)
        default: break
        }
    }

    private mutating func handleListFailure(_ failure: Failure, _ now: Date) {
        switch record.step {
        case .add: stop(failure)
        case .prove:
            memory.isUncontended = true
            deliverIfProved(now)
        default: record.retireFailure = failure
        }
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

    private mutating func handleRemoved(_ keyId: String, _ now: Date) {
        for index in record.attempts.indices where record.attempts[index].keyId == keyId {
            record.attempts[index].fate = .removed
        }
        for index in record.retirements.indices where record.retirements[index].keyId == keyId {
            record.retirements[index].removedAt = now
        }
        memory.removals.removeAll { $0 == keyId }
        removeNext()
        switch record.step {
        case .add, .prove:
            if let failure = memory.ending { giveUp(failure) } else { add(now) }
        case .overlap, .retire: endIfNothingIsLeft()
        default: break
        }
    }

    private mutating func handleRemoveFailure(_ keyId: String, _ failure: Failure, _ now: Date) {
        memory.removals.removeAll { $0 == keyId }
        removeNext()
        switch record.step {
        case .add, .prove: stop(memory.ending ?? failure)
        default: record.retireFailure = failure
        }
    }

    // MARK: Small change

    mutating func updateCurrent(_ change: (inout RotationRecord.Attempt) -> Void) {
        guard let index = record.attempts.lastIndex(where: { $0.fate == .inUse }) else { return }
        change(&record.attempts[index])
    }

    mutating func stop(_ failure: Failure) {
        record.outcome = .unfinished(failure)
    }

    /// How long to wait before the next try of `timer`: doubled each time, or what the service asked for.
    mutating func retryDelay(
        _ timer: Timer, _ failure: Failure?, first: Double, atMost: Double
    ) -> TimeInterval {
        let tries = memory.tries[timer, default: 0]
        memory.tries[timer] = tries + 1
        let doubled = first * Double(1 << min(tries, 20))
        return max(min(doubled, atMost), failure?.retryAfter ?? 0)
    }

    /// When the step that is under way has taken `limit` seconds of this process.
    func deadline(_ limit: TimeInterval) -> Date {
        (memory.stepBegan ?? .distantFuture) + limit
    }
}
