internal import FoundationEssentials
public import Logging
public import PluginProtocol
public import SecretMemory
public import SinkCore
internal import Synchronization

/// A plugin, as a sink like any other.
///
/// Its process is started by the first call that needs it, and anew by the next call after it has ended.
/// It gets an environment of only what its manifest asks for, no descriptor but its three pipes (a script one of
/// itself, too), and a session of its own. Calls may run at the same time; each ends by its deadline.
///
/// Call ``close()`` when no more calls follow. A sink that is dropped without it tells the plugin to end too,
/// but does not wait for that.
public final class PluginSink: Sink {
    /// The plugin.
    public let plugin: Plugin

    private let connection: PluginConnection
    private let deadlines: Deadlines
    private let known: Mutex<Set<SinkCapability>>

    /// What the plugin can do.
    ///
    /// Before its first call nobody has asked it: then this is `put` and `get`.
    public var capabilities: Set<SinkCapability> {
        known.withLock { $0 }
    }

    /// A sink that stands for `plugin`; nothing is started yet.
    ///
    /// - Parameters:
    ///   - trust: which plugins the operator trusts.
    ///   - options: the sink's options from the configuration; the plugin judges them when it starts.
    ///   - host: who the plugin is told that it works for.
    ///   - environment: where the variables of the manifest's list are taken from.
    ///   - logger: gets the plugin's standard error, at the level `debug`.
    /// - Throws: ``PluginError`` where the plugin is not trusted or speaks another protocol, or JSON cannot hold
    ///   the options.
    public init(
        plugin: Plugin, trust: TrustStore, options: [String: JSONValue], host: Peer,
        environment: [String: String], logger: Logger, deadlines: Deadlines = .standard
    ) throws(PluginError) {
        let name = plugin.manifest.name
        guard plugin.manifest.wireProtocol == .credferry1 else {
            throw PluginError(
                .unsupported,
                "plugin \(name) speaks \(plugin.manifest.wireProtocol.rawValue), which cannot be used yet")
        }
        // Known before anything is added to an identity; what is run is looked at again when it is.
        _ = try trust.open(plugin)
        let size = try? JSONEncoder().encode(options).count
        guard let size, size < Wire.maximumMessageBytes / 2 else {
            throw PluginError(.badOptions, "the options of plugin \(name) do not fit into a message")
        }
        var logger = logger
        logger[metadataKey: "plugin"] = "\(name)"
        self.plugin = plugin
        self.deadlines = deadlines
        known = Mutex([.put, .get])
        connection = PluginConnection(
            plugin: plugin, trust: trust, introduction: Call.Introduction(host: host, options: options),
            environment: environment.filter { plugin.manifest.environment.contains($0.key) },
            deadlines: deadlines, logger: logger)
    }

    /// Refuses an empty name.
    ///
    /// What else a name must be, the plugin's store knows.
    public func check(name: String) throws(SinkError) {
        guard !name.isEmpty else { throw SinkError(.refused, "\(subject): a name cannot be empty") }
    }

    /// Stores `secret` under `name`.
    public func put(
        _ secret: borrowing Secret, as name: String, metadata: Metadata
    ) async throws(SinkError) -> String? {
        try check(name: name)
        let call = Call.put(name: name, secret: SharedSecret(secret.clone()), metadata: metadata)
        let answer = try await self.answer(to: call, needing: .put)
        return try read { () throws(SinkError) in try answer.storedVersion() }
    }

    /// What `name` holds now.
    public func get(_ name: String) async throws(SinkError) -> StoredSecret {
        let answer = try await self.answer(to: .get(name: name), needing: .get)
        do throws(SinkError) { return try answer.storedSecret() } catch { throw named(error) }
    }

    /// Removes what `name` holds.
    public func delete(_ name: String) async throws(SinkError) {
        _ = try await answer(to: .delete(name: name), needing: .delete)
    }

    /// What is stored under names that begin with `prefix`.
    public func list(prefix: String) async throws(SinkError) -> [SinkEntry] {
        let answer = try await self.answer(to: .list(prefix: prefix), needing: .list)
        return try read { () throws(SinkError) in try answer.entries() }
    }

    /// Ends the plugin: `shutdown`, then `SIGTERM`, then `SIGKILL` to all of its process group, and waits.
    ///
    /// No call may follow.
    public func close() async {
        await connection.close()
    }

    private var subject: String { "plugin \(plugin.manifest.name)" }

    private func answer(to call: Call, needing capability: SinkCapability) async throws(SinkError) -> Answer {
        let session = try await connection.session()
        known.withLock { $0 = session.can }
        guard session.can.contains(capability) else {
            throw SinkError(.unsupported, "\(subject) does not offer \(capability.rawValue)")
        }
        return try await session.process.call(call, within: deadlines.call)
    }

    private func read<Value>(_ body: () throws(SinkError) -> Value) throws(SinkError) -> Value {
        do throws(SinkError) { return try body() } catch { throw named(error) }
    }

    private func named(_ error: SinkError) -> SinkError {
        SinkError(error.code, "\(subject): \(error.message)", hint: error.hint)
    }
}
