import Rotation

/// What may go wrong in one history, and how often; drawn from its seed.
///
/// Percentages are of all calls. Each kind of trouble is absent from some histories: what one kind hides,
/// another history shows.
struct Weather {
    var computers = 1
    /// How many rotations each computer begins.
    var rotations = 1
    /// How many commands each operator gives before it is calm.
    var commands = 3

    var failure = 0.0
    var lostAnswer = 0.0
    var slowness = 0.0
    var crash = 0.0
    var journalFailure = 0.0
    /// A second process is started beside one that runs.
    var rivals = 0.0
    /// The longest that Entra's replicas, and AKS's, may lag behind an add, in seconds.
    var propagation = 0.0
    /// How often, per gap, other people begin an operation on a cluster.
    var otherOperations = 0.0
    /// The longest that reads of the directory may lag behind writes, in seconds.
    var directoryLag = 0.0

    var failingOperations = 0.0
    var lostPolls = 0.0
    var badCharacters = 0.0
    /// Stops, starts, deletions and new identities: per gap between two commands.
    var clusterEvents = 0.0
    var sinkTrouble = 0.0
    var sinkEvents = 0.0
    var clockJumps = 0.0
    var others = 0.0

    /// How often a rotation makes a new identity.
    var replacements = 0.0
    /// How many roles a new identity gets.
    var grants = 0
    /// Whether it is an Entra server application, with a client.
    var isEntra = false
    /// Whether all that goes wrong by chance is over.
    private(set) var isCalm = false

    var sinks: [Bool] = [true]
    /// The cluster of each consumer.
    var consumers = [0]
    var policy = Policy()

    init(_ chance: inout Chance) {
        drawShape(&chance)
        drawTrouble(&chance)
    }

    private mutating func drawShape(_ chance: inout Chance) {
        computers = chance.pick([1, 1, 1, 1, 2, 3])
        rotations = chance.pick([1, 1, 2, 3])
        commands = 2 + chance.below(5)
        sinks = chance.pick([[true], [true], [false], [true, false], [true, true], [true, true, false]])
        consumers = chance.pick([[], [0], [0], [0], [0, 1], [0, 0], [0, 1, 2], [0, 0, 1]])
        policy.overlap = chance.pick([0, 60, 3_600, 86_400])
        policy.proofs = chance.pick([1, 3])
        policy.applyTimeout = chance.pick([900, 6 * 3_600])
        if chance.happens(20) {
            policy.lifetime = 7_200
            policy.rotateWithin = 1_800
        }
    }

    private mutating func drawTrouble(_ chance: inout Chance) {
        func sometimes(_ percent: Double, upTo most: Double) -> Double {
            chance.happens(percent) ? chance.between(0, most) : 0
        }
        failure = sometimes(50, upTo: 20)
        lostAnswer = sometimes(50, upTo: 20)
        slowness = sometimes(30, upTo: 20)
        crash = sometimes(60, upTo: 8)
        journalFailure = sometimes(20, upTo: 5)
        rivals = sometimes(40, upTo: 60)
        propagation = sometimes(60, upTo: 120)
        // Sometimes far beyond the 30 s that were seen.
        directoryLag = chance.happens(20) ? 800 : sometimes(50, upTo: 30)
        failingOperations = sometimes(40, upTo: 50)
        lostPolls = sometimes(30, upTo: 100)
        badCharacters = sometimes(20, upTo: 40)
        otherOperations = sometimes(30, upTo: 80)
        clusterEvents = sometimes(40, upTo: 50)
        sinkTrouble = sometimes(40, upTo: 25)
        sinkEvents = sometimes(25, upTo: 40)
        clockJumps = sometimes(35, upTo: 60)
        others = sometimes(40, upTo: 40)
    }

    /// Drawn from a chance of its own, so that the histories without a new identity stay what they were.
    ///
    /// Two computers that each make a new identity cannot know of each other.
    mutating func drawReplacements(_ chance: inout Chance) {
        guard computers == 1, !consumers.isEmpty, chance.happens(35) else { return }
        replacements = chance.pick([50, 100])
        grants = chance.below(4)
        isEntra = chance.happens(30)
        if isEntra { grants = 0 }
        policy.replaceWait = chance.pick([0, 0, 300, 1_800])
        consumers = Set(consumers).sorted()
    }

    /// All that goes wrong by chance is over; what lags by nature still does.
    mutating func calm() {
        isCalm = true
        (failure, lostAnswer, slowness, crash, journalFailure, rivals) = (0, 0, 0, 0, 0, 0)
        (failingOperations, lostPolls, badCharacters, clusterEvents, otherOperations) = (0, 0, 0, 0, 0)
        (sinkTrouble, sinkEvents, clockJumps, others) = (0, 0, 0, 0)
    }
}
