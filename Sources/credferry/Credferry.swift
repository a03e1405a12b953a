import ArgumentParser
import Fleet
import Glibc
import SecretMemory

/// The program.
@main
struct Credferry {
    static func main() async {
        ProcessHardening.apply()
        // A reader that goes away is no reason to die in the middle of a rotation.
        signal(SIGPIPE, SIG_IGN)
        let arguments = ArgumentOrder.normalized(Array(CommandLine.arguments.dropFirst()))
        do {
            var command = try RootCommand.parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as ExitCode {
            exit(error.rawValue)
        } catch let error where isArgumentParsers(error) {
            RootCommand.exit(withError: error)
        } catch {
            let complaint = Complaint(error)
            Terminal.complain(complaint.message, hint: complaint.hint)
            exit(complaint.status.rawValue)
        }
    }

    /// Wrong usage, `--help`, `--version` and the completion scripts are the argument parser's to say.
    private static func isArgumentParsers(_ error: any Error) -> Bool {
        let code = RootCommand.exitCode(for: error)
        return error is CleanExit || error is ValidationError || code == .success
            || code == .validationFailure
    }
}

struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credferry",
        abstract: "Rotates the secrets of AKS clusters' Entra identities, and ferries them into your stores.",
        discussion: """
            A new secret is added beside the old one, proved, delivered into every sink and read back; only \
            then does a cluster get it. The old one is retired after an overlap.

            TARGET is CLUSTER, CLUSTER/service-principal, CLUSTER/entra-app, or an identity's name.
            """,
        version: Version.current,
        subcommands: [
            StatusCommand.self, PlanCommand.self, RotateCommand.self, ResumeCommand.self, RetireCommand.self,
            ApplyCommand.self, GetCommand.self, ExecCommand.self, CopyCommand.self, HistoryCommand.self,
            PluginsCommand.self, AuditCommand.self, DoctorCommand.self,
        ])
}
