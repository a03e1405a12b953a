internal import FoundationEssentials
internal import Glibc

/// The folder that holds the journal and the locks: mode 0700, every file in it 0600.
public struct StateFolder: Sendable {
    /// Its path.
    public let path: String

    /// The journal's file.
    public var journal: String { path + "/journal.sqlite" }

    /// Makes the folder, and those above it, where they are missing.
    ///
    /// - Throws: ``JournalError/Code/inaccessible`` where that fails, or where others may write to it.
    public init(at path: String) throws(JournalError) {
        self.path = path
        try Self.makeFolder(path)
        try Self.makeFolder(path + "/locks")
        var status = stat()
        guard stat(path, &status) == 0 else { throw Self.inaccessible(path, errno) }
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw JournalError(
                .inaccessible, "state folder \(path) can be written by others than its owner",
                hint: "chmod 0700 \(path)")
        }
    }

    private static func makeFolder(_ path: String) throws(JournalError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw inaccessible(path, errno)
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw inaccessible(path, errno) }
    }

    /// Opens a file of the folder, making it with mode 0600 where it is missing.
    ///
    /// The caller closes it.
    func open(_ file: String) throws(JournalError) -> CInt {
        let descriptor = Glibc.open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.inaccessible(file, errno) }
        return descriptor
    }

    static func inaccessible(_ file: String, _ code: CInt) -> JournalError {
        let reason = String(cString: strerror(code))
        if code == ENOSPC || code == EDQUOT {
            return JournalError(.full, "\(file): \(reason)", hint: "free some space; nothing was begun")
        }
        return JournalError(
            .inaccessible, "\(file): \(reason)", hint: "check the owner and mode, or set `state:` elsewhere")
    }
}
