import ArgumentParser
import Fleet

struct CopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy", abstract: "Carry the current secret from one sink to another.")

    @Argument(help: ArgumentHelp("Whose secret.", valueName: "target"))
    var target: String

    @Option(help: ArgumentHelp("The sink to read.", valueName: "sink"))
    var from: String

    @Option(help: ArgumentHelp("The sink to write.", valueName: "sink"))
    var to: String

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        guard from != to else { throw ValidationError("--from and --to name the same sink") }
    }

    func run() async throws {
        let target = try options.target(target)
        let report = try await options.withFleet { try await $0.copy(target, from: from, to: to) }
        switch options.output {
        case .json: try options.writeJSON(report)
        case .text:
            let version = report.version.map { " (version \($0))" } ?? ""
            Terminal.write(
                "\(report.cluster)/\(report.credential): credential \(report.keyId), "
                    + "from \(report.from) to \(report.to): \(report.name)\(version)\n", to: .output)
        }
    }
}
