internal import Glibc

extension Configuration {
    /// More than any configuration needs: what is larger is something else.
    private static let largestFile = 1 << 20

    /// Finds the configuration's file and reads it.
    ///
    /// It is `path`; else `$CREDFERRY_CONFIG`; else `$XDG_CONFIG_HOME/credferry/config.yaml`, with
    /// `~/.config` where that variable is unset (XDG Base Directory Specification); else
    /// `/etc/credferry/config.yaml`. Only the last two may be missing.
    ///
    /// - Throws: ``ConfigurationError`` where there is no such file, it cannot be read, or it is wrong.
    public static func load(
        from path: String?, environment: [String: String]
    ) throws(ConfigurationError) -> Configuration {
        let file = Paths.absolute(try find(path, environment))
        return try parse(try read(file), file: file, environment: environment)
    }

    private static func find(
        _ path: String?, _ environment: [String: String]
    ) throws(ConfigurationError) -> String {
        if let path {
            guard !path.isEmpty else { throw ConfigurationError("the configuration's path is empty") }
            return path
        }
        if let path = environment["CREDFERRY_CONFIG"], !path.isEmpty { return path }
        let places = [
            baseFolder("XDG_CONFIG_HOME", "/.config", environment).map { $0 + "/credferry/config.yaml" },
            "/etc/credferry/config.yaml",
        ].compactMap { $0 }
        if let found = places.first(where: { access($0, F_OK) == 0 }) { return found }
        throw ConfigurationError(
            "there is no configuration: neither \(places.joined(separator: " nor ")) exists",
            hint: "write one, or name one by --config or CREDFERRY_CONFIG")
    }

    /// A folder of the XDG Base Directory Specification, in which relative paths are to be ignored.
    static func baseFolder(
        _ variable: String, _ fallback: String, _ environment: [String: String]
    ) -> String? {
        if let folder = environment[variable], folder.hasPrefix("/") { return folder }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return home + fallback
    }

    /// The text of the file at `path`, which may be a pipe.
    private static func read(_ path: String) throws(ConfigurationError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= largestFile {
            let count = Glibc.read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path, errno) }
            guard count > 0 else { return try text(bytes, path) }
            bytes += block.prefix(count)
        }
        throw ConfigurationError("\(path) is larger than 1 MiB", hint: "this is no configuration")
    }

    private static func text(_ bytes: [UInt8], _ path: String) throws(ConfigurationError) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        // Repairing replaces what is wrong by U+FFFD, and so tells where the first fault is.
        let good = String(decoding: bytes, as: UTF8.self).prefix { $0 != "\u{FFFD}" }
        throw ConfigurationError(
            "the file is not UTF-8", at: Position(file: path, after: good), hint: "save it as UTF-8")
    }

    private static func unreadable(_ path: String, _ code: CInt) -> ConfigurationError {
        let hint: String? =
            switch code {
            case ENOENT: "write it, or name another by --config"
            case EISDIR: "name the file in it"
            case EACCES: "check who may read it, and enter its folders"
            default: nil
            }
        return ConfigurationError(
            "\(path) cannot be read: \(String(cString: strerror(code)))", hint: hint)
    }
}
