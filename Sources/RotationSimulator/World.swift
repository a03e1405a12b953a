import FoundationEssentials
import Rotation

/// Azure, the sinks, and the computers that rotate, as one history lives through them.
///
/// There is no network and no waiting: time is a number that jumps to whatever happens next. A secret is the
/// number of its credential. Each call is carried out at one moment and answered at a later one; a crash, a
/// lost answer or another process may come between.
final class World {
    var chance: Chance
    var weather: Weather
    let mutation: Mutation?
    let trace: ((String) -> Void)?

    /// The true time, in seconds since 1970; what a computer's clock says may be something else.
    var now = 1_800_000_000.0

    var applications: [Application] = [
        Application(displayName: nil, madeAt: 0, grants: [], hasPrincipal: true)
    ]
    var credentials: [Credential] = []
    /// How far each of Entra's replicas lags behind an add.
    var entraLags: [Double] = []
    var sinks: [SinkState] = []
    var clusters: [ClusterState] = []
    var consumers: [ConsumerHold] = []

    var computers: [Computer] = []
    var processes: [RotatorProcess] = []

    var states: Set<UInt64> = []
    var events = 0
    var violation: String?

    init(seed: UInt64, mutation: Mutation?, trace: ((String) -> Void)?) {
        chance = Chance(seed: seed)
        weather = Weather(&chance)
        var other = Chance(seed: seed ^ 0x5EED_0F1D_E411_7135)
        weather.drawReplacements(&other)
        self.mutation = mutation
        self.trace = trace
        for _ in 0..<3 { entraLags.append(chance.between(0, weather.propagation)) }
        // The clusters begin with a secret that somebody made in the portal.
        addCredential(nil, owner: nil, lifetime: 3_650 * 86_400)
        addCredential("for the backup", owner: nil, lifetime: 3_650 * 86_400)
        sinks = weather.sinks.map { SinkState(isReadable: $0) }
        for _ in 0..<((weather.consumers.max() ?? -1) + 1) {
            clusters.append(ClusterState(lag: chance.between(0, weather.propagation)))
        }
        credentials[0].wasHeld = true
        consumers = weather.consumers.map { ConsumerHold(cluster: $0, held: [0]) }
        computers = (0..<weather.computers).map { Computer(index: $0) }
    }

    func note(_ text: @autoclosure () -> String) {
        guard let trace else { return }
        let elapsed = (now - 1_800_000_000) * 1_000
        trace("\(elapsed.rounded() / 1_000) s: \(text())")
    }

    /// Notes the first rule that is broken; the history ends there.
    func breaks(_ rule: String, _ text: @autoclosure () -> String) {
        guard violation == nil else { return }
        violation = "\(rule): \(text())"
        note("BROKEN \(rule): \(text())")
    }

    // MARK: Time

    /// Lets the processes that run go on until none is left, or `end` has come.
    func run(until end: Double = .infinity) {
        while violation == nil {
            guard let (time, process, call) = nextMoment(), time <= end else { break }
            now = max(now, time)
            events += 1
            step(process, call)
            checkRules()
        }
        if end < .infinity { now = max(now, end) }
    }

    private func nextMoment() -> (Double, RotatorProcess, Int)? {
        var best: (Double, RotatorProcess, Int)?
        for process in processes where process.isAlive {
            for index in process.calls.indices {
                let time = moment(process.calls[index], on: computers[process.computer])
                if best.map({ time < $0.0 }) ?? true { best = (time, process, index) }
            }
        }
        return best
    }

    /// When something happens next to a call.
    private func moment(_ call: Call, on computer: Computer) -> Double {
        guard let wake = call.wake else { return call.isCarriedOut ? call.answeredAt : call.carriedOutAt }
        // A clock that is set forward ends a sleep early; one that is set back does not draw it out.
        return min(wake - computer.clockOffset, call.answeredAt)
    }

    private func step(_ process: RotatorProcess, _ index: Int) {
        if process.calls[index].wake == nil, !process.calls[index].isCarriedOut {
            process.calls[index].isCarriedOut = true
            process.calls[index].answer = carryOut(process.calls[index].effect, process)
            if chance.happens(weather.crash) { kill(process) }
            return
        }
        let call = process.calls.remove(at: index)
        let answer: Event? =
            if case .sleep(_, let timer) = call.effect { .woke(timer) } else { call.answer }
        guard let answer else { return }
        if chance.happens(weather.crash) { return kill(process) }
        deliver(answer, to: process)
    }
}

/// A call that is under way.
struct Call {
    let effect: Effect
    /// When the remote side does it.
    let carriedOutAt: Double
    /// When the answer arrives; for a sleep, when it is over at the latest.
    let answeredAt: Double
    /// For a sleep: when it is over by the computer's clock.
    let wake: Double?
    var isCarriedOut = false
    var answer: Event?
}
