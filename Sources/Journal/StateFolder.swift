internal import FoundationEssentials
internal import Glibc

/// The folder that holds the journal and the locks: mode 0700, every file in it 0600, of one user.
///
///     STATE/
///       journal.sqlite        the journal; beside it SQLite's own journal.sqlite-wal and -shm
///       journal.head          where the audit chain ended last
///       journal.lock          held while the journal is opened or upgraded
///       locks/APPID           one file an identity, held while it is rotated
///       damaged-TIME/         a journal that was replaced by a rebuilt one
///
/// Two users have two folders, and are two machines to each other.
public struct StateFolder: Sendable {
    /// Its path.
    public let path: String

    /// The journal's file.
    public var journal: String { path + "/journal.sqlite" }

    var mark: String { path + "/journal.head" }
    var locks: String { path + "/locks" }

    /// Makes the folder, and those above it, where they are missing.
    ///
    /// - Throws: ``JournalError/Code/inaccessible`` where that fails, or where others may write to it.
    public init(at path: String) throws(JournalError) {
        self.path = path
        try Self.makeFolder(path)
        var status = stat()
        guard stat(path, &status) == 0 else { throw Self.inaccessible(path, errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw Self.inaccessible(path, ENOTDIR) }
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw JournalError(
                .inaccessible, "state folder \(path) can be written by others than its owner",
                hint: "chmod 0700 \(path)")
        }
        guard status.st_uid == geteuid() else {
            throw JournalError(
                .inaccessible, "state folder \(path) belongs to user \(status.st_uid), not to \(geteuid())",
                hint: "run it as that user, or set `state:` elsewhere")
        }
        try Self.makeFolder(locks)
    }

    /// A folder that was just made is on the disk when this returns: its entry is the parent's to sync.
    private static func makeFolder(_ path: String) throws(JournalError) {
        if mkdir(path, 0o700) == 0 { return try sync(parent(of: path)) }
        if errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw inaccessible(path, errno)
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw inaccessible(path, errno) }
        try sync(parent(of: path))
    }

    /// Opens a file of the folder, making it with mode 0600 where it is missing.
    ///
    /// A file that was made is on the disk, entry and all. The caller closes it.
    func open(_ file: String) throws(JournalError) -> CInt {
        let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        var descriptor = Glibc.open(file, flags)
        if descriptor < 0, errno == ENOENT {
            descriptor = Glibc.open(file, flags | O_CREAT, 0o600)
            if descriptor >= 0 { try Self.sync(Self.parent(of: file)) }
        }
        guard descriptor >= 0 else { throw Self.inaccessible(file, errno) }
        do throws(JournalError) {
            try Self.checkKind(of: file, descriptor)
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func checkKind(of file: String, _ descriptor: CInt) throws(JournalError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw inaccessible(file, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw JournalError(.inaccessible, "\(file) is no regular file", hint: "see what put it there")
        }
    }

    /// Waits for the lock of an open file; only those who hold it for a moment are waited for.
    static func wait(for descriptor: CInt, _ file: String) throws(JournalError) {
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw inaccessible(file, errno) }
        }
    }

    /// Puts the entries of a folder on the disk.
    static func sync(_ folder: String) throws(JournalError) {
        let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // A folder that we may write to but not list cannot be opened, and is left to its file system.
        guard descriptor >= 0 else {
            if errno == EACCES { return }
            throw inaccessible(folder, errno)
        }
        defer { close(descriptor) }
        // Some file systems cannot sync a folder and say EINVAL: there is nothing to be had from them.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw inaccessible(folder, errno) }
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func inaccessible(_ file: String, _ code: CInt) -> JournalError {
        let reason = String(cString: strerror(code))
        return switch code {
        case ENOSPC, EDQUOT, EFBIG:
            JournalError(.full, "\(file): \(reason)", hint: JournalError.spaceHint)
        case ELOOP:
            JournalError(
                .inaccessible, "\(file) is a symbolic link, and the journal follows none",
                hint: "name the folder that it points to in `state:`")
        case EIO: JournalError(.inaccessible, "\(file): \(reason)", hint: JournalError.diskHint)
        default:
            JournalError(
                .inaccessible, "\(file): \(reason)",
                hint: "check the owner and mode, or set `state:` elsewhere")
        }
    }
}
