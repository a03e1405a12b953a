public import FoundationEssentials

/// One rotation: a machine that goes from a state and an event to the next state and the effects to carry out.
///
///     plan → (provision →) add → prove → deliver → apply → overlap → retire
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
/// This file holds what the steps share; each step has a file of its own.
public struct Rotation: Sendable {
    /// What outlives the process.
    public internal(set) var record: RotationRecord

    /// What does not: a machine that is made from a stored record starts without it.
    var memory = Memory()
    var effects: [Effect] = []

    struct Memory {
        /// Whether the rotation was begun by another process, perhaps long ago.
        var isResumed = false
        /// Whether this process added the credential that the rotation works with.
        var hasAdded = false
        var holdsSecret = false
        var attempts = 0
        /// What the list is for that the directory was asked for last.
        var listPurpose: ListPurpose?
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
        /// The credential whose removal the rotation waits for before it goes on.
        var awaitedRemoval: String?
        /// When a consumer's cluster was last seen at work on the rotation's own operation.
        var lastSeen: [Int: Date] = [:]
        /// Why the rotation ends once the credential it leaves behind is removed.
        var ending: Failure?
    }

    enum ListPurpose {
        /// To find the credential whose `addPassword` got no answer.
        case lostAttempt
        /// To see whether another rotator is at work.
        case contention
        /// To retire, and to sweep up what was lost.
        case duties
    }

    /// Whether the process stays for the overlap.
    public var waitsForOverlap = false

    /// The precaution that a test has switched off.
    let disabled: Guard?

    /// A machine for a rotation that has not begun, or that was stored.
    public init(_ record: RotationRecord) {
        self.init(record, without: nil)
    }

    /// A machine that lacks one of its precautions, for tests.
    package init(_ record: RotationRecord, without disabled: Guard?) {
        self.record = record
        self.disabled = disabled
    }

    /// Goes on from `event`, which happened at `now`.
    ///
    /// - Returns: what to do next, after the record has been stored.
    public mutating func handle(_ event: Event, at now: Date) -> [Effect] {
        effects = []
        switch event {
        case .begin, .resume: resume(now)
        case .consented:
            consent(now)
            resume(now)
        case .adopt(let keyIds): adopt(keyIds, now)
        case .applicationFound, .findFailed, .applicationMade, .makeFailed, .principalMade, .principalFailed,
            .linked, .linkFailed, .granted, .grantFailed, .unmade, .unmakeFailed:
            handleProvision(event, now)
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
        memory.isResumed = record.step != .plan
        switch record.step {
        case .plan: begin(now)
        case .provision: provision(now)
        case .add: list(for: .lostAttempt)
        case .prove: replaceAttempt(now)
        case .deliver: resumeDelivery(now)
        case .apply: resumeApply(now)
        case .overlap, .retire: performDuties(now)
        case .ended: break
        }
    }

    private mutating func handleTimer(_ timer: Timer, _ now: Date) {
        switch timer {
        case .list: if memory.listPurpose != nil { effects.append(.list) }
        case .provision: wakeProvision(now)
        case .prove: if isProving { prove(1) }
        case .put(let index): effects.append(.put(index))
        case .readBack(let index): effects.append(.readBack(index))
        case .reset(let index):
            memory.waiting.remove(index)
            sendPendingResets(now)
        case .follow(let index): follow(index)
        case .examine(let index): effects.append(.examine(index))
        case .overlap: performDuties(now)
        }
    }

    // MARK: Lists

    mutating func list(for purpose: ListPurpose) {
        memory.listPurpose = purpose
        effects.append(.list)
    }

    private mutating func handleList(_ credentials: [Listed], _ now: Date) {
        let purpose = memory.listPurpose
        memory.listPurpose = nil
        memory.tries[.list] = nil
        switch purpose {
        case .lostAttempt: findLostAttempt(credentials, now)
        case .contention: checkContention(credentials, now)
        case .duties: retire(credentials, now)
        case nil: break
        }
    }

    private static let maximumListTries = 5

    /// Nothing goes on without the list: not knowing of another rotator is not knowing that there is none.
    private mutating func handleListFailure(_ failure: Failure, _ now: Date) {
        guard let purpose = memory.listPurpose else { return }
        if failure.isTransient, memory.tries[.list, default: 0] < Self.maximumListTries {
            let delay = retryDelay(.list, failure, first: 0.5, atMost: 8)
            return effects.append(.sleep(until: now + delay, .list))
        }
        memory.listPurpose = nil
        switch purpose {
        case .lostAttempt: stop(failure)
        case .contention: abandon(failure)
        case .duties: record.retireFailure = failure
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
