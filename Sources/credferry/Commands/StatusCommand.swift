import ArgumentParser
import Settings
import Fleet

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show when every credential expires, and what is left to do.")

    @Argument(help: ArgumentHelp("What to show; everything without.", valueName: "target"))
    var targets: [String] = []

    @Option(
        help: ArgumentHelp(
            "Exit with 3 where something expires within this time: 30d, 12h.", valueName: "duration"))
    var within: DurationArgument?

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let targets = try options.targets(targets)
        let report = try await options.withFleet { try await $0.status(targets) }
        switch options.output {
        case .json: try options.writeJSON(report)
        case .text: Terminal.write(StatusView(report: report).text, to: .output)
        }
        if let within, report.credentials.contains(where: { $0.expires(within: within.seconds) }) {
            throw ExitCode(ExitStatus.expiring.rawValue)
        }
    }
}
