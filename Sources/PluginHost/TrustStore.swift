internal import FoundationEssentials
internal import Glibc

/// Which plugins the operator trusts: the pins of `credferry plugins trust`.
///
/// A plugin that ships with the program is trusted where the program was installed, by its place and owner, so
/// that an upgrade needs no pins. Every other runs only while its executable and its `plugin.json` have the
/// SHA-256 that they had when the operator said so.
public struct TrustStore: Sendable, Equatable {
    /// The SHA-256 of the two files that make a plugin.
    public struct Pin: Sendable, Hashable, Codable {
        /// The executable's.
        public let executable: Digest
        /// That of `plugin.json`.
        public let manifest: Digest
    }

    /// Whether a plugin may run, and why.
    public enum Standing: String, Sendable, Codable {
        /// It came with the program.
        case shipped
        /// It is what the operator has pinned.
        case pinned
        /// It is not what the operator has pinned.
        case changed
        /// Nobody has pinned it.
        case untrusted
    }

    /// The files with pins, the first asked first; the first is the one that is written.
    public let files: [String]

    /// Pins in `files`.
    public init(files: [String]) {
        self.files = files
    }

    /// The files of a credferry that runs with `environment`: the user's, beside the configuration, then
    /// `/etc/credferry/trusted-plugins.json` for services.
    public static func standard(environment: [String: String]) -> TrustStore {
        var folders: [String] = []
        if let configuration = environment["XDG_CONFIG_HOME"], configuration.hasPrefix("/") {
            folders.append(configuration + "/credferry")
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            folders.append(home + "/.config/credferry")
        }
        return TrustStore(files: (folders + ["/etc/credferry"]).map { $0 + "/trusted-plugins.json" })
    }

    /// Pins `plugin` as it is now.
    ///
    /// - Returns: what was pinned, and in which file.
    @discardableResult
    public func trust(_ plugin: Plugin) throws(PluginError) -> (pin: Pin, file: String) {
        guard let file = files.first else { throw PluginError(.cannotStart, "there is no file for pins") }
        var list = try PinList(file) ?? PinList()
        let pin = try Self.pin(of: plugin)
        list.plugins[plugin.manifest.name] = pin
        try list.write(to: file)
        return (pin, file)
    }

    /// Whether `plugin` may run, and why.
    ///
    /// - Throws: where its files or the pins cannot be read.
    public func standing(of plugin: Plugin) throws(PluginError) -> Standing {
        if plugin.isShipped { return .shipped }
        guard let pin = try pin(named: plugin.manifest.name) else { return .untrusted }
        return try pin == Self.pin(of: plugin) ? .pinned : .changed
    }

    /// Opens the executable of `plugin` to run it, if it is trusted.
    func open(_ plugin: Plugin) throws(PluginError) -> OpenedExecutable {
        let executable = try OpenedExecutable.of(plugin)
        if plugin.isShipped { return executable }
        let name = plugin.manifest.name
        let advice = "look at it, then `credferry plugins trust \(name)`"
        guard let pin = try pin(named: name) else {
            throw PluginError(
                .untrusted, "plugin \(name) in \(plugin.folder) is not trusted yet", hint: advice)
        }
        for (path, found, pinned) in [
            (executable.path, try executable.digest(), pin.executable),
            (plugin.folder + "/plugin.json", plugin.manifestDigest, pin.manifest),
        ] where found != pinned {
            throw PluginError(
                .untrusted,
                "plugin \(name) has changed since it was trusted: \(path) has the SHA-256 \(found), and \(pinned) is trusted",
                hint: advice)
        }
        return executable
    }

    private func pin(named name: String) throws(PluginError) -> Pin? {
        for file in files {
            if let pin = try PinList(file)?.plugins[name] { return pin }
        }
        return nil
    }

    private static func pin(of plugin: Plugin) throws(PluginError) -> Pin {
        Pin(executable: try OpenedExecutable.of(plugin).digest(), manifest: plugin.manifestDigest)
    }
}

/// A file of pins.
private struct PinList: Codable {
    var version = 1
    var plugins: [String: TrustStore.Pin] = [:]

    private static let largest = 1 << 20

    init() {}

    /// Reads `path`; `nil` where there is no file.
    init?(_ path: String) throws(PluginError) {
        guard let folder = FilePath.parent(of: path).flatMap(FilePath.real) else { return nil }
        let real = folder + "/trusted-plugins.json"
        guard FilePath.exists(real) else { return nil }
        // Who can write the pins can trust whatever he likes.
        try Trust().check(file: real)
        let text = try FilePath.contents(of: real, limit: Self.largest)
        guard let list = try? JSONDecoder().decode(PinList.self, from: Data(text)), list.version == 1 else {
            throw PluginError(
                .untrusted, "\(path) is no list of trusted plugins of this version",
                hint: "move it away, and trust the plugins again")
        }
        self = list
    }

    /// Writes it whole: a reader sees the old list or the new one.
    func write(to path: String) throws(PluginError) {
        guard let folder = FilePath.parent(of: path) else { throw PluginError(.cannotStart, path) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try Self.replace(path, with: Array(try encoder.encode(self)) + [UInt8(ascii: "\n")])
        } catch let error as PluginError {
            throw error
        } catch {
            throw PluginError(.cannotStart, "\(path) cannot be written: \(folder) cannot be made")
        }
    }

    private static func replace(_ path: String, with bytes: [UInt8]) throws(PluginError) {
        let new = "\(path).\(getpid())"
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw PluginError(.cannotStart, "\(new): \(FilePath.lastError)") }
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard written == bytes.count, fsync(descriptor) == 0, rename(new, path) == 0 else {
            let reason = FilePath.lastError
            unlink(new)
            throw PluginError(.cannotStart, "\(path) cannot be written: \(reason)")
        }
    }
}

extension Digest: Codable {
    /// Reads 64 hexadecimal digits.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let digest = Digest(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no SHA-256")
        }
        self = digest
    }

    /// Writes its digits.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
