import FoundationEssentials
import SecretMemory

@testable import Rotation

/// A world without trouble, for tests of one rotation; the simulator has the other ones.
///
/// A secret is a number here.
struct World {
    struct Entry {
        var displayName: String?
        var secret: Int
        var notBefore: Date
        var notAfter: Date
    }

    let propagation: TimeInterval
    var now = Date(timeIntervalSince1970: 1_800_000_000)

    var credentials: [String: Entry] = [:]
    var sinks: [Int?]
    var clusters: [Int]
    var operations: [Int: (secret: Int, endsAt: Date, fails: Bool)] = [:]
    var nextSecret = 100

    var held: Int?
    var pending: [Effect] = []
    var stored: RotationRecord
    var violations: [String] = []

    static let foreignKey = "foreign"

    init(propagation: TimeInterval = 0, plan: Plan) {
        self.propagation = propagation
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

    /// Runs the machine from `event` until it rests.
    mutating func run(_ event: Event) {
        var rotation = Rotation(stored)
        held = nil
        var next: Event? = event
        while let event = next {
            let effects = rotation.handle(event, at: now)
            stored = rotation.record
            for effect in effects {
                if effect == .forgetSecret { held = nil } else { pending.append(effect) }
            }
            next = answer()
            check()
        }
    }

    /// Processes the first of the effects under way, sleeping last, and gives its answer.
    private mutating func answer() -> Event? {
        let isReady = pending.map { wake($0) == .distantFuture }
        if let first = isReady.firstIndex(of: true) {
            now += 0.1
            return process(pending.remove(at: first))
        }
        guard let sleeper = pending.indices.min(by: { wake(pending[$0]) < wake(pending[$1]) }) else {
            return nil
        }
        guard case .sleep(let date, let timer) = pending.remove(at: sleeper) else { return nil }
        now = max(now, date)
        return .woke(timer)
    }

    private func wake(_ effect: Effect) -> Date {
        if case .sleep(let date, _) = effect { date } else { .distantFuture }
    }

    // MARK: Effects

    private mutating func process(_ effect: Effect) -> Event? {
        switch effect {
        case .add(let displayName, let notAfter): return add(displayName, notAfter)
        case .list:
            return .listed(
                credentials.map { keyId, entry in
                    Listed(
                        keyId: keyId, displayName: entry.displayName, notBefore: entry.notBefore,
                        notAfter: entry.notAfter)
                })
        case .prove:
            guard let held, let entry = credentials.values.first(where: { $0.secret == held }),
                now >= entry.notBefore + propagation
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
        case .findApplication, .makeApplication, .makePrincipal, .link, .grant, .unmake: return nil
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
        operations[index] = (held, now + 60, false)
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
}
