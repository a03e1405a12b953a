import ArgumentParser
import AzureSandbox
import Glibc

/// The program `azure-sandbox`.
@main
struct AzureSandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "azure-sandbox",
        abstract: "A faithful Azure on loopback, for a first look at credferry and for its tests.",
        discussion: """
            Plays Entra's token endpoint, Microsoft Graph, Resource Manager with AKS, and Key Vault on one \
            port of 127.0.0.1. DIR receives ca.pem, operator-secret, credferry.yaml (a ready configuration) and, \
            once it listens, sandbox.json. It holds no secret that is worth anything outside of it.
            """)

    @Option(
        help: ArgumentHelp("The folder for what others need to know; made with mode 0700.", valueName: "dir"))
    var state: String

    @Option(help: "The port on 127.0.0.1; 0 for any that is free.")
    var port = 0

    @Option(help: ArgumentHelp("How long after its adding Entra accepts a credential.", valueName: "seconds"))
    var propagation = 3.0

    @Option(
        help: ArgumentHelp("The same as AKS sees it; as --propagation where not given.", valueName: "seconds")
    )
    var aksPropagation: Double?

    @Option(
        help: ArgumentHelp("How far the replicas that answer Graph's reads may lag.", valueName: "seconds"))
    var directoryLag = 0.0

    @Option(help: ArgumentHelp("How long an operation on a cluster takes.", valueName: "seconds"))
    var operationTime = 6.0

    @Option(help: "How many clusters there are at the start: demo, demo-2 and so on.")
    var clusters = 1

    @Flag(help: "Say nothing on standard output.")
    var quiet = false

    @Flag(help: "Report each request on standard error.")
    var verbose = false

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port must be between 0 and 65535") }
        guard (1...10_000).contains(clusters) else {
            throw ValidationError("--clusters must be between 1 and 10000")
        }
        let times = [propagation, aksPropagation ?? 0, directoryLag, operationTime]
        guard times.allSatisfy({ (0...86_400).contains($0) }) else {
            throw ValidationError("times are between 0 and 86400 seconds")
        }
    }

    func run() async throws {
        var options = SandboxOptions(stateFolder: state)
        options.port = port
        options.propagation = propagation
        options.aksPropagation = aksPropagation
        options.directoryLag = directoryLag
        options.operationTime = operationTime
        options.clusters = clusters
        let isQuiet = quiet
        let isVerbose = verbose
        do {
            try await SandboxServer(options).run(
                listening: { if !isQuiet { Output.line("listening on \($0)", to: STDOUT_FILENO) } },
                report: { if isVerbose { Output.line($0, to: STDERR_FILENO) } })
        } catch let error as SandboxError {
            Output.line("azure-sandbox: \(error)", to: STDERR_FILENO)
            throw ExitCode.failure
        }
    }
}

/// Lines written at once: whoever waits for one through a pipe gets it without a flush.
enum Output {
    static func line(_ text: String, to descriptor: Int32) {
        let bytes = Array((text + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}
