import ArgumentParser
import Settings
import Fleet
import SecretMemory
import SinkCore

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Print the secret that a sink holds, or what is stored beside it.")

    /// What can be printed.
    enum Field: String, ExpressibleByArgument, CaseIterable {
        case secret
        case appId
        case tenant
        case keyId
        case notAfter
    }

    @Argument(help: ArgumentHelp("Whose secret.", valueName: "target"))
    var target: String

    @Option(
        help: ArgumentHelp("The sink to read; without, the first one that can be read.", valueName: "sink"))
    var from: String?

    @Option(help: "What to print.")
    var field = Field.secret

    @Flag(help: "Print a secret on a terminal, too.")
    var show = false

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        if field == .secret, Terminal.Stream.output.isTerminal, !show {
            throw Complaint(
                .usage, "standard output is a terminal, and the secret would stay on it",
                hint: "pipe it to where it is needed, or add --show")
        }
        let target = try options.target(target)
        let reading = try await options.withFleet { try await $0.read(target, from: from) }
        switch field {
        case .secret:
            reading.stored.secret.withUnsafeBytes { Terminal.write($0, to: .output) }
        case .appId, .tenant, .keyId, .notAfter:
            Terminal.write(try text(of: field, in: reading) + "\n", to: .output)
        }
    }

    private func text(of field: Field, in reading: borrowing Reading) throws -> String {
        guard let metadata = reading.stored.metadata else {
            throw Complaint(
                .failed, "sink \(reading.sink) keeps the secret alone, without its \(field.rawValue)",
                hint: "read it from another sink with --from")
        }
        return switch field {
        case .appId: metadata.appId
        case .tenant: metadata.tenant
        case .keyId: metadata.keyId
        case .notAfter: Timestamp.text(metadata.notAfter)
        case .secret: ""
        }
    }
}
