internal import FoundationEssentials
internal import Glibc

/// The folder in which the sandbox tells others where it is; only its owner can read it.
struct StateFolder: Sendable {
    /// The folder's absolute path.
    let path: String

    /// Makes the folder with mode 0700, or takes one that is there and holds nothing of anybody else's.
    init(_ path: String) throws(SandboxError) {
        guard let (absolute, isNew) = Self.made(path) else {
            throw SandboxError(
                .file, "the folder \(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        // Its mode may be about to change: nobody wants that to happen to /tmp.
        guard isNew || Self.isOurs(absolute) else {
            throw SandboxError(
                .file, "the folder \(absolute) holds other things than a sandbox's",
                hint: "name one that does not exist yet, or make this one private: chmod 700")
        }
        guard chmod(absolute, 0o700) == 0 else {
            throw SandboxError(
                .file,
                "the mode of the folder \(absolute) cannot be set: \(String(cString: strerror(errno)))",
                hint: "name a folder of your own")
        }
        self.path = absolute
    }

    private static func made(_ path: String) -> (path: String, isNew: Bool)? {
        // One by one, like mkdir -p.
        var soFar = path.hasPrefix("/") ? "" : "."
        var isNew = false
        for part in path.split(separator: "/") {
            soFar += "/" + part
            isNew = mkdir(soFar, 0o777) == 0
            guard isNew || errno == EEXIST else { return nil }
        }
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return (String(cString: resolved), isNew)
    }

    /// Whether a folder is private already, empty, or has been a sandbox's before.
    private static func isOurs(_ path: String) -> Bool {
        var information = stat()
        guard stat(path, &information) == 0 else { return false }
        if information.st_mode & 0o077 == 0, information.st_uid == geteuid() { return true }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { return false }
        return names.isEmpty || names.contains("ca.pem")
    }

    /// Where a file of this name is.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file with mode 0600, whole or not at all.
    func write(_ bytes: [UInt8], to name: String) throws(SandboxError) {
        let temporary = file(".\(name).new")
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(name) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                let error = failure(name)
                close(descriptor)
                throw error
            }
            rest = rest.dropFirst(count)
        }
        guard close(descriptor) == 0, rename(temporary, file(name)) == 0 else { throw failure(name) }
    }

    /// Removes a file; none to remove is no error.
    func remove(_ name: String) {
        unlink(file(name))
    }

    private func failure(_ name: String) -> SandboxError {
        SandboxError(.file, "\(file(name)) cannot be written: \(String(cString: strerror(errno)))")
    }
}
