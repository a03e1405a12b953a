import FoundationEssentials
import Rotation
import SinkCore

/// A computer with a journal, a lock and a clock of its own.
struct Computer {
    let index: Int
    /// The journal, oldest first.
    var records: [RotationRecord] = []
    /// How far its clock is ahead of the true time.
    var clockOffset = 0.0
    var hasJumped = false
    var rotationsBegun = 0
    /// The credentials that its operator adopted.
    var adopted: Set<Int> = []

    func date(_ now: Double) -> Date { Date(timeIntervalSince1970: now + clockOffset) }
}

/// A process of the program, which works on one record after the other.
final class RotatorProcess {
    let computer: Int
    let startedAt: Double
    var rotation: Rotation
    var queue: [RotationRecord]
    /// The secret that it holds.
    var held: Int?
    var calls: [Call] = []
    var isAlive = true
    var events = 0
    /// How far the clock was ahead at most when the process looked at it.
    var mostAhead = 0.0
    /// How far it was behind at most.
    var mostBehind = 0.0

    init(_ computer: Int, _ rotation: Rotation, _ queue: [RotationRecord], at now: Double) {
        self.computer = computer
        self.rotation = rotation
        self.queue = queue
        startedAt = now
    }
}

extension World {
    enum Command: String {
        case rotate
        case resume
        case adopt
    }

    /// Starts a process on a computer, as the program's commands do.
    func start(_ command: Command, on index: Int) {
        let isHeld = processes.contains { $0.isAlive && $0.computer == index }
        if isHeld, mutation != .lock { return note("computer \(index): \(command.rawValue) exits 75") }
        if isHeld { return breaks("R6", "two processes rotate one identity on computer \(index)") }
        processes.removeAll { !$0.isAlive }
        let ledger = Ledger(computers[index].records, of: appId(currentApplication(index)))
        var records = ledger.duties.filter { record in
            record.isUnfinished || record.nextDuty.map { $0 <= computers[index].date(now) } == true
        }
        var event = Event.resume
        switch command {
        case .resume: break
        case .rotate:
            if let unfinished = ledger.unfinished {
                records = [unfinished]
            } else if let unswept = ledger.unswept {
                records = [unswept]
            } else if let record = plan(ledger, index) {
                records = [record]
                event = .begin
            }
        case .adopt:
            guard ledger.unfinished == nil, let latest = ledger.latest, let first = adoptable(latest) else {
                break
            }
            computers[index].adopted.insert(first)
            records = [latest]
            event = .adopt([keyId(first)])
        }
        guard let first = records.first else { return }
        if case .resume = event, consents(first) { event = .consented }
        note("computer \(index): \(command.rawValue) \(first.id) at \(first.step)")
        let process = RotatorProcess(index, machine(first), Array(records.dropFirst()), at: now)
        processes.append(process)
        deliver(event, to: process)
    }

    private func machine(_ record: RotationRecord) -> Rotation {
        Rotation(record, without: mutation?.machineGuard)
    }

    /// A new rotation, as the fleet would plan it; `nil` where a cluster is stopped, or there were enough.
    private func plan(_ ledger: Ledger, _ index: Int) -> RotationRecord? {
        guard computers[index].rotationsBegun < weather.rotations, !clusters.contains(where: \.isStopped)
        else { return nil }
        computers[index].rotationsBegun += 1
        let present = consumers.indices.filter { isPresent($0) }.map { consumer in
            Consumer(
                name: "c\(consumer)", resourceId: "/\(consumers[consumer].cluster)",
                kind: consumer % 2 == 0 || weather.replacements > 0 ? .servicePrincipal : .entraApp)
        }
        let deliveries = sinks.indices.map {
            Delivery(
                sink: "s\($0)", name: "n", cluster: "c0", kind: .servicePrincipal,
                isReadable: sinks[$0].isReadable)
        }
        let plan = Plan(
            identity: identity(currentApplication(index)),
            consumers: present, deliveries: deliveries, policy: weather.policy,
            predecessors: ledger.predecessors, lostNames: ledger.lostNames,
            replacement: present.isEmpty ? nil : replacement("m\(index)r\(computers[index].rotationsBegun)"))
        let clock = computers[index].date(now)
        return RotationRecord(
            id: "m\(index)r\(computers[index].rotationsBegun)", plan: plan,
            startedAt: mutation == .startOrder ? clock : ledger.start(at: clock))
    }

    /// Whether the fleet finds the consumer on the identity.
    func isPresent(_ consumer: Int) -> Bool {
        let cluster = clusters[consumers[consumer].cluster]
        return !cluster.isDeleted && cluster.movedAt == nil
    }

    /// The credential that clusters had at first, once no cluster has it.
    private func adoptable(_ latest: RotationRecord) -> Int? {
        guard credentials[0].removedAt == nil, !consumers.contains(where: { $0.held.contains(0) }),
            latest.appliedAt != nil
        else { return nil }
        return 0
    }

    // MARK: One event

    private static let maximumEvents = 30_000

    /// Hands an event to a process's machine, stores the record and begins the effects, as the driver does.
    func deliver(_ event: Event, to process: RotatorProcess) {
        process.events += 1
        if process.events > Self.maximumEvents {
            return breaks("R8", "a process of computer \(process.computer) never rests")
        }
        process.mostAhead = max(process.mostAhead, computers[process.computer].clockOffset)
        process.mostBehind = max(process.mostBehind, -computers[process.computer].clockOffset)
        let before = process.rotation.record
        let effects = process.rotation.handle(event, at: computers[process.computer].date(now))
        let record = process.rotation.record
        note("\(record.id): \(event)\n        → \(effects)")
        if mutation == .intentFirst {
            begin(effects, process)
            if chance.happens(weather.crash) { return kill(process) }
        }
        if record != before || process.events == 1 {
            if chance.happens(weather.journalFailure) {
                note("\(record.id): the journal cannot be written")
                return kill(process)
            }
            save(record, process.computer)
            noteReplacement(before, record, process.computer)
        }
        if chance.happens(weather.crash) { return kill(process) }
        if mutation != .intentFirst { begin(effects, process) }
        if chance.happens(weather.crash) { return kill(process) }
        if process.calls.isEmpty { finish(process) }
    }

    private func finish(_ process: RotatorProcess) {
        note("\(process.rotation.record.id): rests, \(String(describing: process.rotation.record.outcome))")
        guard !process.queue.isEmpty else {
            process.isAlive = false
            return
        }
        let id = process.queue.removeFirst().id
        // The record may have been handed over to a later one meanwhile.
        guard let record = computers[process.computer].records.first(where: { $0.id == id }) else { return }
        process.held = nil
        process.rotation = machine(record)
        deliver(.resume, to: process)
    }

    private func begin(_ effects: [Effect], _ process: RotatorProcess) {
        for effect in effects {
            switch effect {
            case .forgetSecret: process.held = nil
            case .sleep(let date, _):
                let wake = date.timeIntervalSince1970
                let left = max(wake - now - computers[process.computer].clockOffset, 0)
                process.calls.append(
                    Call(effect: effect, carriedOutAt: now, answeredAt: now + left, wake: wake))
            default:
                let latency =
                    chance.happens(weather.slowness)
                    ? chance.between(1, 60) : chance.between(0.02, 0.5)
                process.calls.append(
                    Call(
                        effect: effect, carriedOutAt: now + latency * chance.between(0, 1),
                        answeredAt: now + latency, wake: nil))
            }
        }
    }

    /// The process is gone; each call that was under way has been carried out, or has not.
    func kill(_ process: RotatorProcess) {
        note("computer \(process.computer): the process dies")
        for call in process.calls where call.wake == nil && !call.isCarriedOut && chance.happens(50) {
            _ = carryOut(call.effect, process)
        }
        process.isAlive = false
        process.calls = []
        process.held = nil
    }

    // MARK: Journal

    private func save(_ record: RotationRecord, _ index: Int) {
        states.insert(StateShape(record).value)
        if let old = computers[index].records.firstIndex(where: { $0.id == record.id }) {
            computers[index].records[old] = record
        } else {
            computers[index].records.append(record)
        }
        guard record.appliedAt != nil, record.outcome == .rotated else { return }
        for other in computers[index].records.indices {
            let earlier = computers[index].records[other]
            if earlier.id != record.id, earlier.former == nil,
                earlier.plan.identity == record.plan.identity || earlier.identity == record.plan.identity,
                earlier.startedAt <= record.startedAt, !earlier.isUnfinished,
                earlier.step != .ended
            {
                computers[index].records[other] = earlier.superseded()
            }
        }
    }
}
