internal import Glibc

/// A plugin's executable, opened: what is hashed is what is run, whatever gets its path in the meantime.
struct OpenedExecutable: ~Copyable {
    /// Reads it; above 3, and closed on exec.
    let descriptor: Int32
    /// Where it was.
    let path: String
    /// Whether another program reads it, named in its first line.
    let isScript: Bool

    private init(descriptor: Int32, path: String) {
        var mark: [UInt8] = [0, 0]
        isScript = pread(descriptor, &mark, 2, 0) == 2 && mark == Array("#!".utf8)
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens the executable of `plugin`, and looks at who could have written it.
    static func of(_ plugin: Plugin) throws(PluginError) -> OpenedExecutable {
        let path = plugin.executablePath
        try plugin.trust.check(file: path)
        let opened = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard opened >= 0 else { throw PluginError(.cannotStart, "\(path): \(FilePath.lastError)") }
        // 0 to 3 are what the child's own descriptors become.
        let descriptor = opened > 3 ? opened : fcntl(opened, F_DUPFD_CLOEXEC, 4)
        if descriptor != opened { close(opened) }
        let executable = OpenedExecutable(descriptor: descriptor, path: path)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw PluginError(.cannotStart, "\(path): \(FilePath.lastError)")
        }
        try plugin.trust.check(file: path, status)
        guard access("/proc/self/fd/\(descriptor)", X_OK) == 0 else {
            throw PluginError(.cannotStart, "\(path): \(FilePath.lastError)", hint: "chmod +x \(path)")
        }
        return executable
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Its SHA-256.
    func digest() throws(PluginError) -> Digest {
        try Digest(ofFile: descriptor, path: path)
    }
}
