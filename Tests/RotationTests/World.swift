import FoundationEssentials
import SecretMemory

@testable import Rotation

/// A seeded source of chance, so that a history can be told again (SplitMix64).
struct Chance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Whether something happens that does so in `percent` of all cases.
    mutating func happens(_ percent: Double) -> Bool {
        Double(next() % 10_000) < percent * 100
    }
}

/// Azure, the sinks and the machine's own process, to the machine: no network, no clock but a number.
///
/// A secret is a number here. Each effect is processed at some moment, and its answer arrives at a later one;
/// a crash may fall between the two.
struct World {
    struct Trouble {
        /// In percent of all effects.
        var failure = 0.0
        var lostAnswer = 0.0
        var crash = 0.0
        var propagation: TimeInterval = 0
        var directoryLag: TimeInterval = 0
    }

    struct Entry {
        var displayName: String?
        var secret: Int
        var notBefore: Date
        var notAfter: Date
    }

    struct Pending {
        var effect: Effect
        var isProcessed = false
        var answer: Event?
    }

    var chance: Chance
    let trouble: Trouble
    var now = Date(timeIntervalSince1970: 1_800_000_000)

    var credentials: [String: Entry] = [:]
    var removedForeign: [String] = []
    var sinks: [Int?]
    var clusters: [Int]
    var operations: [Int: (secret: Int, endsAt: Date, fails: Bool)] = [:]
    var nextSecret = 100

    var held: Int?
    var pending: [Pending] = []
    var stored: RotationRecord
    var violations: [String] = []

    static let foreignKey = "foreign"

    init(seed: UInt64, trouble: Trouble, plan: Plan) {
        chance = Chance(state: seed)
        self.trouble = trouble
        sinks = plan.deliveries.map { _ in nil }
        clusters = plan.consumers.map { _ in plan.predecessors.isEmpty ? 2 : 1 }
        stored = RotationRecord(id: "r1", plan: plan, startedAt: now)
        credentials[Self.foreignKey] = entry(nil, secret: 2)
        for keyId in plan.predecessors { credentials[keyId] = entry("credferry-r0-1", secret: 1) }
    }

    func entry(_ displayName: String?, secret: Int) -> Entry {
        Entry(displayName: displayName, secret: secret, notBefore: now, notAfter: now + 86_400 * 180)
    }

    func fingerprint(_ secret: Int) -> Fingerprint? {
        let digits = String(secret, radix: 16)
        return Fingerprint(String(repeating: "0", count: 32 - digits.count) + digits)
    }

    func isValid(_ secret: Int) -> Bool { credentials.values.contains { $0.secret == secret } }

    // MARK: Running

    /// Runs the machine from `event` until it rests or the process dies.
    ///
    /// - Returns: whether it died.
    mutating func run(_ event: Event) -> Bool {
        var rotation = Rotation(stored)
        held = nil
        var next: Event? = event
        while let event = next {
            let effects = rotation.handle(event, at: now)
            stored = rotation.record
            checkOrphans()
            if chance.happens(trouble.crash) { return die() }
            for effect in effects {
                if effect == .forgetSecret { held = nil } else { pending.append(Pending(effect: effect)) }
            }
            next = answer()
            check()
            if next != nil, chance.happens(trouble.crash) { return die() }
        }
        return false
    }

    /// Runs until nothing is left to do, however often the process dies or stops; time passes in between.
    mutating func runToTheEnd(_ limit: Int = 400) {
        var isFirst = true
        for _ in 0..<limit {
            _ = run(isFirst ? .begin : .resume)
            isFirst = false
            if stored.step == .ended { return }
            now += stored.nextDuty.map { max($0.timeIntervalSince(now), 1) } ?? 30
        }
        violations.append(
            "R8: not ended after \(limit) resumes: \(stored.step), \(String(describing: stored.outcome))")
    }

    /// The process is gone: what was under way has been carried out, or it has not.
    private mutating func die() -> Bool {
        for index in pending.indices where !pending[index].isProcessed && chance.happens(50) {
            _ = process(pending[index].effect)
            check()
        }
        pending = []
        held = nil
        return true
    }

    /// Lets chance choose one of the effects under way, processes it, and gives its answer.
    private mutating func answer() -> Event? {
        guard !pending.isEmpty else { return nil }
        let ready = pending.indices.filter { index in
            if case .sleep = pending[index].effect { return false }
            return true
        }
        guard !ready.isEmpty else {
            let sleeper = pending.indices.min { wake(pending[$0].effect) < wake(pending[$1].effect) } ?? 0
            let effect = pending.remove(at: sleeper).effect
            now = max(now, wake(effect))
            if case .sleep(_, let timer) = effect { return .woke(timer) }
            return nil
        }
        let effect = pending.remove(at: ready[Int(chance.next() % UInt64(ready.count))]).effect
        now += Double(chance.next() % 300) / 1_000
        if chance.happens(trouble.failure) { return failure(effect, Failure(.unavailable, "503")) }
        let event = process(effect)
        if chance.happens(trouble.lostAnswer) { return failure(effect, Failure(.answerLost, "lost")) }
        return event
    }

    private func wake(_ effect: Effect) -> Date {
        if case .sleep(let date, _) = effect { date } else { .distantFuture }
    }

    // MARK: Effects

    private func failure(_ effect: Effect, _ failure: Failure) -> Event? {
        switch effect {
        case .add: .addFailed(failure)
        case .list: .listFailed(failure)
        case .prove: .proofFailed(failure)
        case .put(let index): .putFailed(index, failure)
        case .readBack(let index): .readBackFailed(index, failure)
        case .load(let index): .loadFailed(index, failure)
        case .reset(let index): .resetFailed(index, failure)
        case .follow(let index, _): .operation(index, .unknown)
        case .examine(let index): .consumerFailed(index, failure)
        case .remove(let keyId): .removeFailed(keyId: keyId, failure)
        case .sleep, .forgetSecret: nil
        }
    }

    private mutating func process(_ effect: Effect) -> Event? {
        switch effect {
        case .add(let displayName, let notAfter): return add(displayName, notAfter)
        case .list:
            return .listed(
                credentials.filter {
                    $0.value.notBefore <= now - (chance.happens(50) ? trouble.directoryLag : 0)
                }
                .map { keyId, entry in
                    Listed(
                        keyId: keyId, displayName: entry.displayName, notBefore: entry.notBefore,
                        notAfter: entry.notAfter)
                })
        case .prove:
            guard let held, let entry = credentials.values.first(where: { $0.secret == held }),
                now >= entry.notBefore + trouble.propagation
            else { return .proofFailed(Failure(.notPropagated, "AADSTS7000215")) }
            return .proved
        case .put(let index):
            guard let held else { return .putFailed(index, Failure(.secretLost, "")) }
            sinks[index] = held
            return .stored(index, version: nil)
        case .readBack(let index): return .readBack(index, matches: sinks[index] == held)
        case .load(let index):
            guard let secret = sinks[index], fingerprint(secret) == stored.current?.fingerprint else {
                return .loaded(index, matches: false)
            }
            held = secret
            return .loaded(index, matches: true)
        case .reset(let index): return reset(index)
        case .follow(let index, _):
            settle(index)
            if operations[index] != nil { return .operation(index, .running(retryAfter: nil)) }
            return .operation(index, .succeeded)
        case .examine(let index):
            settle(index)
            return .consumer(index, operations[index] == nil ? .settled : .busy)
        case .remove(let keyId): return remove(keyId)
        case .sleep, .forgetSecret: return nil
        }
    }

    private mutating func add(_ displayName: String, _ notAfter: Date) -> Event? {
        if credentials.values.contains(where: { $0.displayName == displayName }) {
            violations.append("two credentials of the name \(displayName)")
        }
        nextSecret += 1
        let keyId = "key-\(nextSecret)"
        credentials[keyId] = Entry(
            displayName: displayName, secret: nextSecret, notBefore: now, notAfter: notAfter)
        held = nextSecret
        guard let fingerprint = fingerprint(nextSecret) else { return nil }
        return .added(keyId: keyId, notBefore: now, notAfter: notAfter, fingerprint: fingerprint)
    }

    private mutating func reset(_ index: Int) -> Event? {
        settle(index)
        guard let held else { return .resetFailed(index, Failure(.secretLost, "")) }
        if operations[index] != nil { return .resetFailed(index, Failure(.conflict, "409")) }
        if sinks.contains(where: { $0 != held }) {
            violations.append("R2: cluster \(index) before its sinks")
        }
        operations[index] = (held, now + Double(chance.next() % 300), false)
        clusters[index] = held
        return .resetAccepted(index, operation: "https://operation/\(index)")
    }

    private mutating func settle(_ index: Int) {
        if let operation = operations[index], now >= operation.endsAt { operations[index] = nil }
    }

    private mutating func remove(_ keyId: String) -> Event? {
        if keyId == Self.foreignKey { violations.append("R5: a credential of others was removed") }
        credentials[keyId] = nil
        return .removed(keyId: keyId)
    }

    // MARK: Rules

    private mutating func check() {
        for (index, secret) in sinks.enumerated() {
            if let secret, !isValid(secret) { violations.append("R1: sink \(index) hands out a dead secret") }
        }
        for (index, secret) in clusters.enumerated() where !isValid(secret) {
            violations.append("R3: cluster \(index) holds a dead secret")
        }
    }

    private mutating func checkOrphans() {
        let names = Set(stored.attempts.map(\.displayName) + stored.lostNames.map(\.displayName))
        let keys = Set(stored.retirements.map(\.keyId))
        for (keyId, entry) in credentials where keyId != Self.foreignKey && !keys.contains(keyId) {
            guard let name = entry.displayName, names.contains(name) else {
                violations.append("R4: \(keyId) is in no record")
                continue
            }
            if stored.step == .ended, stored.current?.keyId != keyId {
                violations.append("R4: \(keyId) is left behind at the end")
            }
        }
    }
}
