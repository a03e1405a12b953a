/// One history of rotations, told by its seed.
package struct Simulation: Sendable {
    /// What decides everything that happens in it.
    package let seed: UInt64
    /// The rule that was broken, and how; `nil` where all held.
    package let violation: String?
    /// The distinct states that records were stored in.
    package let states: Set<UInt64>
    /// How many calls were carried out, answered or slept through.
    package let events: Int

    /// Lives through the history of `seed`.
    ///
    /// - Parameters:
    ///   - mutation: a precaution to go without.
    ///   - trace: is given a line for everything that happens.
    package init(seed: UInt64, without mutation: Mutation? = nil, trace: ((String) -> Void)? = nil) {
        let world = World(seed: seed, mutation: mutation, trace: trace)
        world.live()
        self.seed = seed
        violation = world.violation
        states = world.states
        events = world.events
    }
}
