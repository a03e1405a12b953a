internal import GRDB

extension JournalError {
    static let rebuildHint =
        "run `credferry doctor --rebuild-journal`: Azure and the sinks say what is needed"
    static let spaceHint =
        "free some space, then run `credferry resume`; nothing is begun that cannot be journaled"
    static let diskHint = "see what the kernel says of the disk; when it is well, run `credferry resume`"

    static func corrupt(_ message: String, hint: String = rebuildHint) -> JournalError {
        JournalError(.corrupt, message, hint: hint)
    }

    /// Any error that working with the journal in `file` ends in.
    init(_ error: any Error, in file: String) {
        switch error {
        case let error as JournalError: self = error
        case let error as DatabaseError: self.init(error, in: file)
        case let error as DecodingError:
            self.init(
                .corrupt, "\(file): a record cannot be read: \(Self.reason(error))",
                hint: "if a newer version wrote it, use that version; otherwise " + Self.rebuildHint)
        default: self.init(.inaccessible, "\(file): \(error)")
        }
    }

    private init(_ error: DatabaseError, in file: String) {
        let reason = "\(file): \(error.message ?? "SQLite error \(error.resultCode.rawValue)")"
        switch (error.resultCode, error.extendedResultCode) {
        case (.SQLITE_FULL, _), (_, .SQLITE_IOERR_SHMSIZE):
            self.init(.full, reason, hint: Self.spaceHint)
        case (.SQLITE_CORRUPT, _), (.SQLITE_NOTADB, _), (_, .SQLITE_IOERR_SHORT_READ):
            self = .corrupt("\(file) is damaged: \(error.message ?? "no journal")")
        case (.SQLITE_BUSY, _), (.SQLITE_LOCKED, _):
            self.init(
                .locked, "\(reason): another process has been writing for a while", hint: "try again later")
        case (_, .SQLITE_CANTOPEN_SYMLINK):
            self.init(
                .inaccessible, "\(reason): a file of the journal is a symbolic link",
                hint: "see what put it there")
        case (.SQLITE_IOERR, _): self.init(.inaccessible, reason, hint: Self.diskHint)
        default: self.init(.inaccessible, reason, hint: "check the owner and mode of the state folder")
        }
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "\(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            context.codingPath.last.map { "\($0.stringValue): \(context.debugDescription)" }
                ?? context.debugDescription
        @unknown default: "it has another form"
        }
    }
}
