internal import Azure
internal import Logging
internal import PluginHost
internal import PluginProtocol
internal import Rotation
internal import Settings
internal import SinkCore
internal import Sinks
internal import Synchronization

/// The configured sinks, made when first used: a command that reads a file starts no plugin and needs no Azure.
struct SinkSet: Sendable {
    private let settings: [String: SinkSettings]
    private let account: AzureAccount
    private let environment: [String: String]
    private let logger: Logger
    private let made = Cache()

    init(
        _ configuration: Configuration, environment: [String: String], logger: Logger, account: AzureAccount
    ) {
        settings = Dictionary(
            configuration.sinks.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
        self.account = account
        self.environment = environment
        self.logger = logger
    }

    /// Whether the sink of that name is configured.
    func contains(_ name: String) -> Bool { settings[name] != nil }

    /// How the sink of that name calls its variables, where it has any.
    func variableStyle(_ name: String) -> VariableStyle? {
        guard case .environment(_, let style)? = settings[name]?.kind else { return nil }
        return style
    }

    /// Whether the sink of that name can be read back.
    ///
    /// Asks nobody: every plugin counts as readable.
    func isReadable(_ name: String) -> Bool {
        guard case .environment(let format, _)? = settings[name]?.kind else { return true }
        return format != .github && format != .azurePipelines
    }

    /// What a secret is called in a sink.
    ///
    /// - Throws: ``FleetError/Code/configuration`` where the sink's template asks for what is not known.
    func name(of values: TemplateValues, in sink: String) throws(FleetError) -> String {
        guard let settings = settings[sink] else { throw unknown(sink) }
        do {
            return try settings.template.value.fill(values)
        } catch {
            throw FleetError(
                .configuration,
                "\(settings.template.position): {\(error.placeholder.rawValue)} is not known here")
        }
    }

    /// The sink of that name.
    func sink(_ name: String) throws(FleetError) -> any Sink {
        if let sink = made[name] { return sink }
        guard let settings = settings[name] else { throw unknown(name) }
        return made.keep(try make(settings), as: name)
    }

    /// Those of `names` that are still configured.
    func sinks(_ names: some Sequence<String>) throws(FleetError) -> [String: any Sink] {
        var sinks: [String: any Sink] = [:]
        for name in names where settings[name] != nil && sinks[name] == nil { sinks[name] = try sink(name) }
        return sinks
    }

    /// Asks every sink whether it would take a secret now.
    ///
    /// - Returns: why the first that would not, would not.
    func probe(_ deliveries: [Delivery]) async -> Failure? {
        await bounded(deliveries, deliveries.count) { delivery -> Failure? in
            do {
                let sink = try sink(delivery.sink)
                try sink.check(name: delivery.name)
                try await sink.probe(delivery.name)
                return nil
            } catch let error as SinkError {
                return Failure(error, sink: delivery.sink)
            } catch {
                return Failure(error)
            }
        }.compactMap { $0 }.first
    }

    /// Ends the plugins that were started.
    func close() async {
        for sink in made.all {
            if let plugin = sink as? PluginSink { await plugin.close() }
        }
    }

    private func make(_ settings: SinkSettings) throws(FleetError) -> any Sink {
        switch settings.kind {
        case .file(let format): return FileSink(format: format)
        case .environment(let format, let style): return EnvironmentSink(format: format, variables: style)
        case .keyVault(let vault):
            let session = try account.adapter().session
            do throws(AzureError) {
                return KeyVaultSink(try session.keyVault(vault))
            } catch {
                throw FleetError(Failure(error))
            }
        case .keyring(let collection, let label):
            return try plugin(
                "keyring", ["collection": .string(collection), "label": .string(label.description)], settings)
        case .plugin(let name, let options): return try plugin(name, options, settings)
        }
    }

    private func plugin(
        _ name: String, _ options: [String: JSONValue], _ settings: SinkSettings
    ) throws(FleetError) -> any Sink {
        do throws(PluginError) {
            let plugin = try PluginFinder.standard(environment: environment).find(name)
            return try PluginSink(
                plugin: plugin, trust: .standard(environment: environment), options: options,
                host: Peer(name: "credferry", version: Version.current), environment: environment,
                logger: logger)
        } catch {
            throw FleetError(
                .failure(.denied), "sink \(settings.name.value): \(error.message)", hint: error.hint)
        }
    }

    private func unknown(_ name: String) -> FleetError {
        FleetError(
            .unknownName, "there is no sink \(name)",
            hint: "the configuration has \(settings.keys.sorted().joined(separator: ", "))")
    }
}

/// The sinks that were made.
private final class Cache: Sendable {
    private let sinks = Mutex<[String: any Sink]>([:])

    var all: [any Sink] { sinks.withLock { Array($0.values) } }

    subscript(name: String) -> (any Sink)? { sinks.withLock { $0[name] } }

    /// Keeps `sink`, unless another task was faster; the one that is kept is returned.
    func keep(_ sink: any Sink, as name: String) -> any Sink {
        sinks.withLock { sinks in
            if let earlier = sinks[name] { return earlier }
            sinks[name] = sink
            return sink
        }
    }
}
