import Glibc
import RotationSimulator

/// Tells histories of rotations and looks for one in which a rule is broken.
///
///     rotation-simulator [--without PRECAUTION] [N]
///     rotation-simulator [--without PRECAUTION] --seed SEED
@main
struct RotationSimulatorCommand {
    static func main() async {
        var arguments = Array(CommandLine.arguments.dropFirst())
        var mutation: Mutation?
        if arguments.first == "--without", arguments.count > 1 {
            mutation = Mutation(arguments[1])
            guard mutation != nil else { return usage() }
            arguments.removeFirst(2)
        }
        switch (arguments.first, arguments.count) {
        case ("--seed", 2):
            guard let seed = UInt64(arguments[1]) else { return usage() }
            replay(seed, mutation)
        case (nil, _): await run(20_000, mutation)
        case (let count?, 1):
            guard let count = UInt64(count), count > 0 else { return usage() }
            await run(count, mutation)
        default: usage()
        }
    }

    private static func usage() {
        let names = Mutation.all.map(\.description).joined(separator: " ")
        print("usage: rotation-simulator [--without PRECAUTION] [N | --seed SEED]\nprecautions: \(names)")
        exit(64)
    }

    /// Tells one history line by line.
    private static func replay(_ seed: UInt64, _ mutation: Mutation?) {
        let simulation = Simulation(seed: seed, without: mutation) { print($0) }
        print("seed \(seed): \(simulation.violation ?? "every rule held")")
        if simulation.violation != nil { exit(1) }
    }

    private static func run(_ count: UInt64, _ mutation: Mutation?) async {
        let began = ContinuousClock.now
        let isTerminal = isatty(STDERR_FILENO) == 1
        let width = max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)
        let campaign = await Campaign.run(0..<count, without: mutation, width: width, stopsEarly: true) {
            guard isTerminal else { return }
            write("\r\($0.histories) of \(count) histories, \($0.states.count) states\u{1B}[K")
        }
        if isTerminal { write("\r\u{1B}[K") }
        print(
            "\(campaign.histories) histories, \(campaign.events) events, \(campaign.states.count) distinct states,",
            "in \((ContinuousClock.now - began).components.seconds) s")
        guard let failure = campaign.firstFailure else { return print("every rule held") }
        print("seed \(failure.seed): \(failure.violation)")
        let without = mutation.map { " WITHOUT=\($0)" } ?? ""
        print("to replay it: make simulate SEED=\(failure.seed)\(without)")
        exit(1)
    }

    /// Progress goes to standard error, past any buffer.
    private static func write(_ text: String) {
        var text = text
        _ = text.withUTF8 { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
