import ArgumentParser
import FoundationEssentials
import PluginHost

struct PluginsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins", abstract: "See which plugins there are; trust one.",
        subcommands: [PluginsListCommand.self, PluginsTrustCommand.self])
}

struct PluginsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show every plugin, whether it may run, and what it asks for.",
        discussion: """
            shipped    it came with credferry
            pinned     it is what was trusted
            changed    it is not what was trusted, and does not run
            untrusted  nobody has trusted it, and it does not run
            unusable   it is wrong, or others could have written it, and it does not run
            """)

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let view = PluginListView(
            PluginFinder.standard(environment: environment).all(), .standard(environment: environment))
        switch options.output {
        case .json: try options.writeJSON(view)
        case .text: Terminal.write(view.text, to: .output)
        }
    }
}

struct PluginsTrustCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trust",
        abstract: "Let a plugin run, for as long as it stays what it is now.",
        discussion: """
            Pins the SHA-256 of the plugin's executable and of its plugin.json in \
            $XDG_CONFIG_HOME/credferry/trusted-plugins.json. A plugin gets secrets: look at it first.
            """)

    @Argument(help: ArgumentHelp("The plugin's name.", valueName: "name"))
    var name: String

    @OptionGroup var options: GlobalOptions

    /// The JSON of the command.
    private struct Report: Encodable {
        let name: String
        let folder: String
        let executable: Digest
        let manifest: Digest
        let file: String
    }

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let plugin = try PluginFinder.standard(environment: environment).find(name)
        guard !plugin.isShipped else {
            throw Complaint(
                .usage, "plugin \(name) came with credferry, and is trusted where it is installed")
        }
        let (pin, file) = try TrustStore.standard(environment: environment).trust(plugin)
        switch options.output {
        case .json:
            try options.writeJSON(
                Report(
                    name: name, folder: plugin.folder, executable: pin.executable, manifest: pin.manifest,
                    file: file))
        case .text:
            Terminal.write(
                """
                plugin \(name) is trusted as it is now
                \(pin.executable)  \(plugin.executablePath)
                \(pin.manifest)  \(plugin.folder)/plugin.json

                """, to: .output)
        }
    }
}
