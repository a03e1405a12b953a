internal import FoundationEssentials
internal import Glibc
internal import SecretMemory
internal import SinkCore

/// One file that holds a secret, replaced whole.
///
/// All is done from the opened folder (`openat` and its kin), so that nobody who renames a folder above it
/// meanwhile sends a secret elsewhere. Symbolic links are followed in the folder's path, which is the
/// operator's, and never in the file's own name.
struct SecretFile {
    let path: String
    private let folder: String
    private let name: String

    /// More than any secret needs: what is larger is another file.
    private static let largest = 1 << 20

    /// The file at an absolute path.
    ///
    /// - Throws: ``SinkError/Code/refused`` where no file can be there.
    init(_ path: String) throws(SinkError) {
        guard path.hasPrefix("/"), let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else {
            throw SinkError(.refused, "`\(path)` is no absolute path")
        }
        self.path = path
        name = String(path[path.index(after: slash)...])
        folder = slash == path.startIndex ? "/" : String(path[..<slash])
        guard !["", ".", ".."].contains(name), !path.utf8.contains(0) else {
            throw SinkError(.refused, "`\(path)` cannot be the path of a file")
        }
        guard !TemporaryFile.isName(name) else {
            throw SinkError(.refused, "`\(path)` has a name that is kept for files being written")
        }
        let longest = path.split(separator: "/").map(\.utf8.count).max() ?? 0
        guard longest <= Int(NAME_MAX), path.utf8.count < Int(PATH_MAX) else {
            throw SinkError(.refused, "the path `\(path.prefix(60))…` is too long")
        }
    }

    /// Puts `content` in the place of what the file held.
    ///
    /// When it returns, the content and the name are on the disk. Where it throws, the file is as it was, but
    /// for a disk that fails in the very last step.
    func replace(with content: borrowing SecretBuffer) throws(SinkError) {
        let folder = try OpenFolder(folder, making: true)
        try checkTarget(in: folder)
        TemporaryFile.sweep(folder)
        let temporary = try TemporaryFile(in: folder, for: path)
        do {
            try temporary.write(content)
            try temporary.rename(to: name)
        } catch {
            temporary.remove()
            // So that a power cut does not bring it back; what went wrong before is what the caller needs.
            try? folder.sync()
            throw error
        }
        try folder.sync()
    }

    /// Whether the file could be replaced now; changes nothing.
    func probe() throws(SinkError) {
        var existing = folder
        var status = stat()
        while stat(existing, &status) != 0 {
            guard errno == ENOENT, let slash = existing.lastIndex(of: "/"), existing != "/" else {
                throw FileFault.error(existing, errno)
            }
            existing = slash == existing.startIndex ? "/" : String(existing[..<slash])
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw FileFault.error(existing, ENOTDIR) }
        guard access(existing, W_OK | X_OK) == 0 else { throw FileFault.error(existing, errno) }
        if existing == folder { try checkTarget(in: try OpenFolder(folder, making: false)) }
    }

    /// What the file holds.
    func read() throws(SinkError) -> Secret {
        let folder = try OpenFolder(folder, making: false)
        // Without O_NONBLOCK, opening a pipe would wait for a writer.
        let descriptor = openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileFault.error(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileFault.error(path, errno) }
        try checkKind(status)
        try checkOwner(status, in: folder)
        guard status.st_size <= Self.largest else {
            throw SinkError(.broken, "\(path) is larger than 1 MiB: this is no secret of ours")
        }
        return try Self.contents(of: descriptor, size: Int(status.st_size), path)
    }

    /// Adds `content` to the file in one piece, on a line of its own; what several processes add does not mix.
    func append(_ content: borrowing SecretBuffer) throws(SinkError) {
        let folder = try OpenFolder(folder, making: true)
        let flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        let descriptor = openat(folder.descriptor, name, flags, 0o600)
        guard descriptor >= 0 else { throw FileFault.error(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileFault.error(path, errno) }
        try checkKind(status)
        try checkOwner(status, in: folder)
        // Others may have been able to read what was there; they are not to read what comes.
        guard status.st_mode & (S_IRWXG | S_IRWXO) == 0 || fchmod(descriptor, 0o600) == 0 else {
            throw FileFault.error(path, errno)
        }
        try Descriptor.append(content, to: descriptor, path)
        try folder.sync()
    }

    /// Removes the file; none to remove is no error.
    func remove() throws(SinkError) {
        let folder: OpenFolder
        do {
            folder = try OpenFolder(self.folder, making: false)
        } catch {
            if error.code == .notFound { return }
            throw error
        }
        try checkTarget(in: folder)
        TemporaryFile.sweep(folder)
        guard unlinkat(folder.descriptor, name, 0) == 0 || errno == ENOENT else {
            throw FileFault.error(path, errno)
        }
        try folder.sync()
    }

    /// The paths of the files in one folder that begin with `prefix`, in order.
    static func paths(beginningWith prefix: String) throws(SinkError) -> [String] {
        guard prefix.hasPrefix("/"), let slash = prefix.lastIndex(of: "/") else {
            throw SinkError(.refused, "`\(prefix)` is no absolute path")
        }
        let folder = String(prefix[...slash])
        do {
            let names = try OpenFolder(folder, making: false).fileNames()
            return names.filter { !TemporaryFile.isName($0) }.map { folder + $0 }
                .filter { $0.hasPrefix(prefix) }.sorted()
        } catch {
            if error.code == .notFound { return [] }
            throw error
        }
    }

    /// Only a file is replaced or removed: never a folder, a device, or a link to who knows where.
    private func checkTarget(in folder: borrowing OpenFolder) throws(SinkError) {
        var status = stat()
        guard fstatat(folder.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            guard errno == ENOENT else { throw FileFault.error(path, errno) }
            return
        }
        try checkKind(status)
    }

    /// In a folder like /tmp anybody may put a file: a secret of theirs must not end up in a cluster, nor one of
    /// ours in a file of theirs.
    private func checkOwner(_ status: stat, in folder: borrowing OpenFolder) throws(SinkError) {
        guard [0, geteuid(), folder.owner].contains(status.st_uid) else {
            throw SinkError(
                .denied, "\(path) belongs to another user", hint: "check who made it, and remove it")
        }
    }

    private func checkKind(_ status: stat) throws(SinkError) {
        let kind: String
        switch status.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFDIR: kind = "a folder"
        case S_IFLNK: kind = "a symbolic link"
        default: kind = "no ordinary file"
        }
        throw SinkError(.refused, "\(path) is \(kind)", hint: "remove it, or choose another path")
    }

    /// The bytes go from the kernel into secret memory.
    private static func contents(of descriptor: CInt, size: Int, _ path: String) throws(SinkError) -> Secret {
        try Secret(capacity: size + 1) { output throws(SinkError) in
            var failure: SinkError?
            output.withUnsafeMutableBytes { buffer, initializedCount in
                while initializedCount < buffer.count {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[initializedCount...])
                    let count = Glibc.read(descriptor, rest.baseAddress, rest.count)
                    if count < 0, errno == EINTR { continue }
                    if count < 0 { failure = FileFault.error(path, errno) }
                    guard count > 0 else { return }
                    initializedCount += count
                }
                failure = SinkError(.unavailable, "\(path) grew while it was read", hint: "try again")
            }
            if let failure { throw failure }
        }
    }
}
