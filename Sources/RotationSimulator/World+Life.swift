import FoundationEssentials
import Rotation

/// A history from its beginning to its end: trouble first, then calm.
extension World {
    func live() {
        for _ in 0..<weather.commands {
            for computer in computers.indices where violation == nil {
                start(command(), on: computer)
                let isRival = chance.happens(weather.rivals)
                run(until: now + (isRival ? chance.between(0.1, 30) : gap()))
                trouble(computer)
            }
        }
        calmDown()
        for computer in computers.indices { comeToRest(computer) }
        if violation == nil { checkEnd() }
        rotateOnceMore()
    }

    private func command() -> Command {
        chance.pick([.rotate, .rotate, .resume, .resume, .resume, .adopt])
    }

    /// How long an operator, or a timer, lets the computer alone.
    private func gap() -> Double {
        switch chance.below(16) {
        case 0..<4: chance.between(1, 60)
        case 4..<9: chance.between(60, 1_200)
        case 9..<12: chance.between(1_200, 10_000)
        case 12..<15: chance.between(10_000, 200_000)
        default: chance.between(100, 200) * 86_400
        }
    }

    /// What others do in the meantime.
    private func trouble(_ computer: Int) {
        if chance.happens(weather.clockJumps) {
            computers[computer].clockOffset = chance.pick([
                0, chance.between(-100_000, 100_000), chance.between(-3_000, 3_000),
            ])
            computers[computer].hasJumped = true
            note("computer \(computer): the clock is \(computers[computer].clockOffset) s ahead")
        }
        if !clusters.isEmpty, chance.happens(weather.clusterEvents) {
            troubleCluster(chance.below(clusters.count))
        }
        if !clusters.isEmpty, chance.happens(weather.otherOperations) {
            occupy(chance.below(clusters.count))
        }
        if chance.happens(weather.sinkEvents) { troubleSink(chance.below(sinks.count)) }
        if chance.happens(weather.others) {
            addCredential(
                chance.pick([nil, "portal", "credferry-by-hand"]), owner: nil, lifetime: 365 * 86_400)
        }
        checkRules()
    }

    // MARK: Calm

    /// Everything is repaired, and whatever runs comes to rest.
    private func calmDown() {
        note("calm")
        weather.calm()
        for index in sinks.indices { (sinks[index].isLying, sinks[index].isLocked) = (false, false) }
        for index in clusters.indices { clusters[index].isStopped = false }
        run()
        for index in computers.indices { computers[index].clockOffset = 0 }
    }

    private static let maximumResumes = 12

    /// Resumes until the computer has nothing left to do (R8).
    private func comeToRest(_ computer: Int) {
        for _ in 0..<Self.maximumResumes where violation == nil {
            let duties = Ledger(computers[computer].records).duties
            guard !duties.isEmpty else { return }
            wait(for: duties, computer)
            start(.resume, on: computer)
            run()
        }
        guard violation == nil, let record = Ledger(computers[computer].records).duties.first else { return }
        let reason = String(describing: record.outcome)
        breaks("R8", "rotation \(record.id) is at the step \(record.step) for ever: \(reason)")
    }

    /// Waits for what is due; or for as long as another rotator is taken to be at work.
    private func wait(for duties: [RotationRecord], _ computer: Int) {
        let isContended = duties.contains { record in
            if case .unfinished(let failure) = record.outcome { failure.kind == .contended } else { false }
        }
        var wait = isContended ? 3_700.0 : 60
        let clock = computers[computer].date(now)
        for duty in duties.compactMap(\.nextDuty) { wait = max(wait, duty.timeIntervalSince(clock)) }
        now += wait
    }

    /// However bad it was, the next rotation works.
    private func rotateOnceMore() {
        guard violation == nil else { return }
        now += 3_700
        weather.rotations = computers[0].rotationsBegun + 1
        start(.rotate, on: 0)
        run()
        comeToRest(0)
        guard violation == nil else { return }
        checkEnd()
        checkLastRotation(0)
    }
}
