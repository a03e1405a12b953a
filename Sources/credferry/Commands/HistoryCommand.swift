import ArgumentParser
import Fleet
import Settings

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Show what was done, from the journal.",
        discussion: "A line a rotation; with --verbose, every effect and its result. Asks nobody.")

    @Argument(help: ArgumentHelp("Whose history; everything without.", valueName: "target"))
    var targets: [String] = []

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let targets = try options.targets(targets)
        let report = try await options.withFleet { try $0.history(targets) }
        switch options.output {
        case .json: try options.writeJSON(report)
        case .text:
            let view = HistoryView(report: report, isVerbose: options.verbose)
            Terminal.write(view.text, to: .output)
        }
    }
}
