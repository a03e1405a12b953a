import ArgumentParser
import Settings
import Fleet

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what rotate would do, and why; change nothing.")

    @Argument(help: ArgumentHelp("What to plan for; everything without.", valueName: "target"))
    var targets: [String] = []

    @Flag(help: "Only what is due.")
    var due = false

    @OptionGroup var replacement: ReplacementOptions

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let targets = try options.targets(targets)
        let reports = try await options.withFleet {
            try await $0.plan(targets, onlyDue: due, replacing: replacement.newIdentity)
        }
        try options.report(reports)
    }
}

struct RotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Give the targets a new secret, their sinks first.")

    @Argument(help: ArgumentHelp("What to rotate.", valueName: "target"))
    var targets: [String] = []

    @Flag(help: "Rotate everything that is configured.")
    var all = false

    @Flag(help: "Rotate what is due by the policy.")
    var due = false

    @Flag(help: "Show what would be done, and change nothing.")
    var dryRun = false

    @OptionGroup var replacement: ReplacementOptions

    @Option(help: ArgumentHelp("Keep the previous credentials this long: 24h, 7d.", valueName: "duration"))
    var overlap: DurationArgument?

    @Flag(help: "Stay for the overlap, and retire.")
    var wait = false

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        let ways = [!targets.isEmpty, all, due].filter { $0 }.count
        guard ways == 1 else {
            throw ValidationError("name the targets, or say --all or --due; one of the three")
        }
    }

    func run() async throws {
        let progress = ProgressView(isQuiet: options.quiet, isVerbose: options.verbose)
        let targets = try options.targets(targets)
        let reports = try await options.withFleet(showing: progress) { fleet in
            dryRun
                ? try await fleet.plan(
                    targets, onlyDue: due, overlap: overlap?.seconds, replacing: replacement.newIdentity)
                : try await fleet.rotate(
                    targets, onlyDue: due, overlap: overlap?.seconds, waitsForOverlap: wait,
                    replacing: replacement.newIdentity)
        }
        try options.report(reports)
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Finish unfinished rotations, and retire what is due.")

    @Argument(help: ArgumentHelp("What to resume; everything without.", valueName: "target"))
    var targets: [String] = []

    @Flag(help: "An administrator has consented to what the new Entra server application needs.")
    var consented = false

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let progress = ProgressView(isQuiet: options.quiet, isVerbose: options.verbose)
        let targets = try options.targets(targets)
        let reports = try await options.withFleet(showing: progress) {
            try await $0.resume(targets, consented: consented)
        }
        try options.report(reports)
    }
}

struct RetireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire", abstract: "Remove superseded credentials whose overlap is over.")

    @Argument(help: ArgumentHelp("What to retire.", valueName: "target"))
    var targets: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Take in credentials that credferry did not add.", valueName: "keyid"))
    var adopt: [String] = []

    @Option(
        help: ArgumentHelp(
            "What becomes of the identity that rotate --replace has left behind.",
            valueName: "fate"))
    var old = OldIdentity.keep

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        guard !targets.isEmpty else { throw ValidationError("name the target") }
        guard adopt.isEmpty || targets.count == 1 else {
            throw ValidationError("--adopt takes in credentials of one target")
        }
    }

    func run() async throws {
        let progress = ProgressView(isQuiet: options.quiet, isVerbose: options.verbose)
        let targets = try options.targets(targets)
        let reports = try await options.withFleet(showing: progress) {
            try await $0.retire(targets, adopting: adopt, former: old.fate)
        }
        try options.report(reports)
    }
}

extension GlobalOptions {
    /// Prints the reports; exits with their status.
    func report(_ reports: [RotationReport]) throws {
        switch output {
        case .json: try writeJSON(["rotations": reports])
        case .text:
            for report in reports { Terminal.write(RotationView(report: report).text, to: .output) }
            if reports.isEmpty { Terminal.write("nothing to do\n", to: .output) }
        }
        let status = ExitStatus(reports)
        guard status == .done else { throw ExitCode(status.rawValue) }
    }
}
