import Rotation
import RotationSimulator
import Testing

@Suite("The simulator")
struct SimulatorTests {
    /// The rules hold in every history: trouble of all kinds, and a crash at any point.
    @Test func everyRuleHoldsInEveryHistory() async {
        let campaign = await Campaign.run(0..<20_000, width: 2, stopsEarly: true)
        let failure = campaign.firstFailure.map { "seed \($0.seed): \($0.violation)" }
        #expect(failure == nil)
        #expect(campaign.histories == 20_000)
        // Far fewer would mean that the world has become a quiet place.
        #expect(campaign.states.count > 40_000)
        print("\(campaign.histories) histories, \(campaign.states.count) distinct states")
    }

    /// Where the ones that need the most to come together were seen; the others are found at once.
    static let rare: [Mutation: UInt64] = [.machine(.watched): 7_250, .machine(.freshList): 40_500]

    /// Whatever precaution the machine, its driver or its lock goes without, a rule breaks in some history.
    @Test(arguments: Mutation.all)
    func itCanFail(without mutation: Mutation) async throws {
        let first = Self.rare[mutation] ?? 0
        let seeds = first..<first + 20_000
        let campaign = await Campaign.run(seeds, without: mutation, width: 2, stopsEarly: true)
        let failure = try #require(campaign.firstFailure, "nothing noticed that \(mutation) was off")
        print("without \(mutation): seed \(failure.seed): \(failure.violation)")
        let replayed = Simulation(seed: failure.seed, without: mutation)
        #expect(replayed.violation == failure.violation, "the seed does not replay")
        #expect(Simulation(seed: failure.seed).violation == nil, "the seed fails without the mutation, too")
    }

    @Test func aSeedTellsOneHistory() {
        func lines(_ seed: UInt64) -> [String] {
            var lines: [String] = []
            _ = Simulation(seed: seed) { lines.append($0) }
            return lines
        }
        #expect(lines(7) == lines(7))
        #expect(lines(7) != lines(8))
        #expect(lines(7).count > 20)
    }

    @Test func everyPrecautionHasAName() {
        for mutation in Mutation.all { #expect(Mutation(mutation.description) == mutation) }
        #expect(Mutation("none") == nil)
        #expect(Mutation.all.count >= 12)
    }
}
