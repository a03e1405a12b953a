internal import Glibc
internal import SecretMemory
internal import SinkCore

/// A file that is being written, under a name that nobody can guess, next to the one that it will replace.
///
/// Its writer holds a lock on it (flock(2)) for as long as it lives. What is found without one was left behind
/// by a process that died, and holds a secret that somebody has to clear away: see ``sweep(_:)``.
struct TemporaryFile: ~Copyable {
    private let descriptor: CInt
    private let folder: CInt
    private let name: String
    /// The file that it will be, for messages.
    private let target: String

    private static let prefix = ".credferry-"
    private static let suffix = ".tmp"

    /// Makes an empty file with mode 0600.
    init(in folder: borrowing OpenFolder, for target: String) throws(SinkError) {
        self.target = target
        self.folder = folder.descriptor
        while true {
            let number = UInt64.random(in: .min ... .max)
            let name = Self.prefix + String(number, radix: 36) + Self.suffix
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            let descriptor = openat(folder.descriptor, name, flags, 0o600)
            if descriptor < 0, errno == EEXIST { continue }
            guard descriptor >= 0 else { throw FileFault.error(target, errno) }
            guard Self.lock(descriptor) else {
                close(descriptor)
                continue
            }
            self.descriptor = descriptor
            self.name = name
            return
        }
    }

    /// Marks the file as one that is being written.
    ///
    /// - Returns: `false` where a sweep has taken it away between the two calls; another name will do.
    private static func lock(_ descriptor: CInt) -> Bool {
        // A file system without locks has no sweeps either: there, what a dead process leaves stays.
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 { return errno != EWOULDBLOCK }
        var status = stat()
        return fstat(descriptor, &status) != 0 || status.st_nlink > 0
    }

    deinit {
        close(descriptor)
    }

    /// Writes the whole content, and puts it on the disk.
    func write(_ content: borrowing SecretBuffer) throws(SinkError) {
        // The mode of the call that made it is subject to the umask.
        guard fchmod(descriptor, 0o600) == 0 else { throw FileFault.error(target, errno) }
        try Descriptor.write(content, to: descriptor, target)
        guard fsync(descriptor) == 0 else { throw FileFault.error(target, errno) }
    }

    /// Gives the file its real name, in place of what had it.
    func rename(to name: String) throws(SinkError) {
        guard renameat(folder, self.name, folder, name) == 0 else { throw FileFault.error(target, errno) }
    }

    /// Removes the file, while it has its temporary name.
    func remove() {
        unlinkat(folder, name, 0)
    }

    /// Whether `name` is one of a file that is being written.
    static func isName(_ name: String) -> Bool {
        name.hasPrefix(prefix) && name.hasSuffix(suffix)
    }

    /// Removes what dead processes have left in the folder.
    ///
    /// It is done as well as can be: what cannot be removed now is left for another time.
    static func sweep(_ folder: borrowing OpenFolder) {
        guard let names = try? folder.fileNames() else { return }
        for name in names where isName(name) {
            let descriptor = openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlinkat(folder.descriptor, name, 0) }
        }
    }
}
