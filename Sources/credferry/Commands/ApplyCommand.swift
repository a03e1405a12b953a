import ArgumentParser
import Fleet
import Settings

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Give a cluster the secret that a sink holds.",
        discussion: """
            Entra has to accept the secret first. Nothing is added: that is what rotate is for. A pipeline applies \
            with it what was delivered to a cluster with `apply: false`.
            """)

    @Argument(help: ArgumentHelp("Whose cluster.", valueName: "target"))
    var target: String

    @Option(
        help: ArgumentHelp(
            "The sink to read; the target's first that can be read without.", valueName: "sink"))
    var from: String?

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let progress = ProgressView(isQuiet: options.quiet, isVerbose: options.verbose)
        let target = try options.target(target)
        let reports = try await options.withFleet(showing: progress) {
            try await $0.apply(target, from: from)
        }
        try options.report(reports)
    }
}
