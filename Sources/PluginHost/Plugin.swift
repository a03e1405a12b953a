internal import Glibc

/// A plugin that was found: a folder with a `plugin.json`, and its executable.
public struct Plugin: Sendable, Equatable {
    /// What the plugin says of itself.
    public let manifest: PluginManifest
    /// Its folder, as an absolute path without symbolic links.
    public let folder: String
    /// The file that is run.
    public let executablePath: String

    /// How large a `plugin.json` may be, in bytes.
    private static let largestManifest = 256 << 10

    /// Reads the plugin in `folder`.
    ///
    /// - Parameter products: where a build has put executables; one there comes before the folder's own.
    ///   For plugins in their source folder.
    /// - Throws: ``PluginError`` where the manifest is wrong or somebody else could have written the files.
    public init(folder: String, products: String? = nil) throws(PluginError) {
        guard let real = FilePath.real(folder) else {
            throw PluginError(.notFound, "\(folder): \(FilePath.lastError)")
        }
        let manifestPath = real + "/plugin.json"
        try Trust.check(folder: real)
        try Trust.check(file: manifestPath)
        let text = try FilePath.contents(of: manifestPath, limit: Self.largestManifest)
        let manifest = try PluginManifest(text, path: manifestPath)
        guard real.split(separator: "/").last.map(String.init) == manifest.name else {
            throw PluginError(
                .badManifest,
                "\(manifestPath): `name` is \"\(manifest.name)\", and its folder is called otherwise")
        }
        let built = products.map { "\($0)/\(manifest.executable)" }
        self.manifest = manifest
        self.folder = real
        executablePath = built.flatMap { FilePath.exists($0) ? $0 : nil } ?? "\(real)/\(manifest.executable)"
        try checkExecutable()
    }

    /// Looks at the executable once more: it is what is about to be run.
    func checkExecutable() throws(PluginError) {
        try Trust.check(file: executablePath)
        guard access(executablePath, X_OK) == 0 else {
            throw PluginError(
                .cannotStart, "\(executablePath): \(FilePath.lastError)", hint: "chmod +x \(executablePath)")
        }
    }
}

/// Who could have written a file.
///
/// A plugin is handed secrets, so it may come only from root or from the user that runs credferry.
enum Trust {
    /// Checks that `path` is a folder that nobody but root and the user can write.
    static func check(folder path: String) throws(PluginError) {
        try check(path, kind: S_IFDIR, "a folder")
    }

    /// Checks that `path` is a plain file, no link, that nobody but root and the user can write.
    static func check(file path: String) throws(PluginError) {
        try check(path, kind: S_IFREG, "a plain file")
    }

    private static func check(_ path: String, kind: mode_t, _ what: String) throws(PluginError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            throw PluginError(.notFound, "\(path): \(FilePath.lastError)")
        }
        guard status.st_mode & S_IFMT == kind else {
            throw PluginError(.untrusted, "\(path) is not \(what)")
        }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw PluginError(
                .untrusted, "\(path) belongs to user \(status.st_uid), who could change it at any time",
                hint: "install the plugin as root or as the user that runs credferry")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw PluginError(
                .untrusted, "\(path) can be written by others than its owner", hint: "chmod go-w \(path)")
        }
    }
}

/// The few things that this module asks of the file system.
enum FilePath {
    /// What errno says.
    static var lastError: String { String(cString: strerror(errno)) }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The absolute path without symbolic links; `nil` where there is nothing.
    static func real(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// The names in a folder, sorted; none where it cannot be read.
    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The bytes of a file of at most `limit` bytes.
    static func contents(of path: String, limit: Int) throws(PluginError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw PluginError(.notFound, "\(path): \(lastError)") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes[count...].withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            guard got >= 0 || errno == EINTR else { throw PluginError(.badManifest, "\(path): \(lastError)") }
            if got == 0 { break }
            count += max(got, 0)
        }
        guard count <= limit else { throw PluginError(.badManifest, "\(path) is larger than \(limit) bytes") }
        return Array(bytes.prefix(count))
    }
}
