import ArgumentParser
import Settings
import Fleet
import FoundationEssentials
import Logging

/// The options that every command has.
struct GlobalOptions: ParsableArguments {
    /// How results are written.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @Option(help: ArgumentHelp("The configuration file.", valueName: "path"))
    var config: String?

    @Option(help: "How results are written.")
    var output = Output.text

    @Flag(name: .shortAndLong, help: "Say nothing but results and errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Say more about what is done.")
    var verbose = false

    /// Reads the configuration, and makes what the commands work with.
    private func makeFleet(showing progress: ProgressView? = nil) throws -> Fleet {
        let environment = ProcessInfo.processInfo.environment
        let configuration = try loadConfiguration(environment)
        var logger = Logger(label: "credferry") { _ in TerminalLog() }
        logger.logLevel = quiet ? .error : verbose ? .debug : .warning
        return Fleet(configuration, environment: environment, logger: logger) { target, event in
            progress?.show(target, event)
        }
    }

    /// Does `body` with a fleet, and ends the plugins that it has started.
    func withFleet<Value: ~Copyable>(
        showing progress: ProgressView? = nil, _ body: (Fleet) async throws -> Value
    ) async throws -> Value {
        let fleet = try makeFleet(showing: progress)
        do {
            let value = try await body(fleet)
            progress?.end()
            await fleet.close()
            return value
        } catch {
            progress?.end()
            await fleet.close()
            throw error
        }
    }

    /// The targets that were named.
    func targets(_ texts: [String]) throws -> [Target] {
        try texts.map(target)
    }

    /// The target that was named.
    func target(_ text: String) throws -> Target {
        do throws(TargetError) {
            return try Target(text)
        } catch {
            throw Complaint(.usage, error.message, hint: error.hint)
        }
    }

    /// Finds and reads the configuration.
    func loadConfiguration(_ environment: [String: String]) throws -> Configuration {
        try Configuration.load(from: config, environment: environment)
    }

    /// Writes a result as JSON.
    func writeJSON(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        Terminal.write(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n", to: .output)
    }
}
