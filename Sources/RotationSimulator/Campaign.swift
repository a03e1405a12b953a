/// Many histories, lived through on all processors.
package struct Campaign: Sendable {
    /// How many histories there were.
    package var histories = 0
    /// How many calls were carried out, answered or slept through.
    package var events = 0
    /// The distinct states that records were stored in.
    package var states: Set<UInt64> = []
    /// The histories in which a rule was broken, by seed.
    package var failures: [UInt64: String] = [:]

    /// The first of the seeds in whose history a rule was broken.
    package var firstFailure: (seed: UInt64, violation: String)? {
        failures.min { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static let chunk: UInt64 = 250

    /// Lives through the histories of `seeds`.
    ///
    /// - Parameters:
    ///   - width: how many at a time.
    ///   - stopsEarly: whether to begin no more once a rule is broken.
    ///   - progress: is told now and then how far it is.
    package static func run(
        _ seeds: Range<UInt64>, without mutation: Mutation? = nil, width: Int, stopsEarly: Bool = false,
        progress: (Campaign) -> Void = { _ in }
    ) async -> Campaign {
        var total = Campaign()
        await withTaskGroup(of: Campaign.self) { group in
            var next = seeds.lowerBound
            func begin() {
                guard next < seeds.upperBound, !(stopsEarly && !total.failures.isEmpty) else { return }
                let part = next..<min(next + chunk, seeds.upperBound)
                next = part.upperBound
                group.addTask { Campaign(part, mutation) }
            }
            for _ in 0..<max(width, 1) { begin() }
            while let part = await group.next() {
                total.add(part)
                progress(total)
                begin()
            }
        }
        return total
    }

    private init() {}

    private init(_ seeds: Range<UInt64>, _ mutation: Mutation?) {
        for seed in seeds {
            let simulation = Simulation(seed: seed, without: mutation)
            histories += 1
            events += simulation.events
            states.formUnion(simulation.states)
            failures[seed] = simulation.violation
        }
    }

    private mutating func add(_ other: Campaign) {
        histories += other.histories
        events += other.events
        states.formUnion(other.states)
        failures.merge(other.failures) { first, _ in first }
    }
}
