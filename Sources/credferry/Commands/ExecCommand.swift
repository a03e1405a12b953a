import ArgumentParser
import Settings
import Fleet
import Glibc
import SecretMemory
import SinkCore
import Sinks

struct ExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Run a command with the secret in its environment.",
        discussion: "credferry exec TARGET -- COMMAND ARGUMENT… ; COMMAND takes the place of credferry.")

    @Argument(help: ArgumentHelp("Whose secret.", valueName: "target"))
    var target: String

    @Option(
        help: ArgumentHelp("The sink to read; without, the first one that can be read.", valueName: "sink"))
    var from: String?

    @Argument(parsing: .postTerminator, help: ArgumentHelp("What to run.", valueName: "command"))
    var command: [String] = []

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("say what to run: -- COMMAND") }
    }

    func run() async throws {
        let target = try options.target(target)
        let reading = try await options.withFleet { try await $0.read(target, from: from) }
        guard let metadata = reading.stored.metadata else {
            throw Complaint(
                .failed,
                "sink \(reading.sink) keeps the secret alone, and the command would not know whose it is",
                hint: "read it from another sink with --from")
        }
        let variables = EnvironmentVariables.variables(for: metadata, style: reading.variableStyle)
        var environment = ChildEnvironment()
        for variable in variables {
            try environment.set(variable, secret: reading.stored.secret)
        }
        let code = environment.run(command)
        Terminal.complain("\(command[0]): \(String(cString: strerror(code)))")
        throw ExitCode(code == ENOENT ? 127 : 126)
    }
}
