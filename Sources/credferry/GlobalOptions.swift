import ArgumentParser
import Configuration
import Fleet
import FoundationEssentials
import Rotation

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
    func makeFleet(showing progress: ProgressView? = nil) throws -> Fleet {
        let environment = ProcessInfo.processInfo.environment
        let configuration = try loadConfiguration(environment)
        return try Fleet(configuration, environment: environment) { target, event in
            progress?.show(target, event)
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
