import ArgumentParser
import Fleet

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check everything that a rotation needs, and say how to mend each fault.",
        discussion: """
            Looks at the configuration, the journal, signing in, the clusters, their identities and the sinks; \
            changes nothing.

            With --rebuild-journal a journal that is damaged or lost is made anew from what Azure and the sinks say. \
            Where that leaves open which secret a cluster has, `credferry resume` gives it the one in the sinks. \
            The damaged files are kept.
            """)

    @Flag(help: "Make a new journal in the place of one that is damaged or lost.")
    var rebuildJournal = false

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        if rebuildJournal {
            let report = try await options.withFleet { try await $0.rebuildJournal() }
            switch options.output {
            case .json: try options.writeJSON(report)
            case .text: Terminal.write(RebuildView(report: report).text, to: .output)
            }
            return
        }
        let report = try await options.withFleet { await $0.check() }
        switch options.output {
        case .json: try options.writeJSON(report)
        case .text: Terminal.write(CheckView(report: report).text, to: .output)
        }
        let status = ExitStatus(report)
        if status != .done { throw ExitCode(status.rawValue) }
    }
}
