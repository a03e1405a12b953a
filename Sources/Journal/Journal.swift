internal import FoundationEssentials
internal import GRDB
internal import Glibc
public import Rotation
public import SecretMemory

/// What credferry remembers: every rotation's record, and the audit chain of what was done, in SQLite.
///
/// Each write is one transaction that is synced to the disk before the call returns (`journal_mode=WAL`,
/// `synchronous=FULL`). No secret is in it; secrets are known by their fingerprints.
public final class Journal: RotationJournal {
    /// Where it is.
    public let folder: StateFolder
    /// The key of this journal's fingerprints, made with the journal.
    public let fingerprintKey: FingerprintKey

    let database: DatabaseQueue
    let mark: HeadMark
    private let file: FileIdentity

    /// Opens the journal in `folder`, making or upgrading it as needed.
    ///
    /// - Throws: ``JournalError``; ``JournalError/Code/corrupt`` also where it has lost records that were
    ///   synced once.
    public convenience init(in folder: StateFolder) throws(JournalError) {
        // Two first runs at once: SQLite answers SQLITE_BUSY to `journal_mode` without waiting, so the
        // opening has a lock of its own.
        let lock = try folder.open(folder.path + "/journal.lock")
        defer { close(lock) }
        try StateFolder.wait(for: lock, folder.path + "/journal.lock")
        try self.init(lockedIn: folder)
    }

    /// Opens the journal for one who holds the lock of the opening.
    init(lockedIn folder: StateFolder) throws(JournalError) {
        self.folder = folder
        try JournalSwap.finish(in: folder)
        do {
            mark = try HeadMark(in: folder)
            let noted = try mark.head()
            try Self.makeFile(folder, noted)
            database = try DatabaseQueue(path: folder.journal, configuration: Self.configuration)
            try Self.checkContent(database, noted)
            try Schema.migrate(database)
            fingerprintKey = FingerprintKey(try Self.loadKey(database))
            file = try FileIdentity(of: folder.journal)
            try mark.note(try database.read { try AuditChain(database: $0).head() })
        } catch {
            throw JournalError(error, in: folder.journal)
        }
    }

    // MARK: Opening

    /// Makes the file where it is missing, since SQLite would make it readable by others.
    ///
    /// An existing one is looked at by its path only: to close a descriptor of it would drop the locks that
    /// SQLite holds in this process (POSIX, fcntl(2)).
    private static func makeFile(_ folder: StateFolder, _ noted: AuditHead) throws(JournalError) {
        var status = stat()
        let exists = lstat(folder.journal, &status) == 0
        guard exists || errno == ENOENT else { throw StateFolder.inaccessible(folder.journal, errno) }
        if exists, status.st_mode & S_IFMT == S_IFLNK {
            throw StateFolder.inaccessible(folder.journal, ELOOP)
        }
        if exists, status.st_mode & S_IFMT != S_IFREG {
            throw JournalError(
                .inaccessible, "\(folder.journal) is no regular file", hint: "see what put it there")
        }
        // Of a file that is empty, SQLite makes a new database; so it does of a few bytes, and of a name that
        // nothing has.
        guard status.st_size > 0 || noted.number == 0 else {
            throw JournalError.corrupt(
                "\(folder.journal) is \(exists ? "empty" : "missing"), and it had \(noted.number) audit records"
            )
        }
        guard status.st_size == 0 || status.st_size >= 512 else {
            throw JournalError.corrupt("\(folder.journal) is damaged: it is cut short")
        }
        if !exists { close(try folder.open(folder.journal)) }
    }

    private static var configuration: GRDB.Configuration {
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.execute(sql: "PRAGMA cell_size_check = ON")
        }
        return configuration
    }

    /// Finds pages that do not hang together, and records that are no longer there, before anything is written.
    private static func checkContent(_ database: DatabaseQueue, _ noted: AuditHead) throws {
        try database.read { database in
            if let fault = try String.fetchOne(database, sql: "PRAGMA quick_check(1)"), fault != "ok" {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: AuditRecord.line(fault))
            }
            let chain = AuditChain(database: database)
            let head = try chain.head()
            guard head.number >= noted.number, try chain.stored(noted.number) == noted else {
                throw JournalError.corrupt(
                    "the journal has lost what was once written: record \(noted.number) of its audit chain was "
                        + "synced, and it now ends at \(head.number), or has another record there",
                    hint: JournalError.rebuildHint)
            }
        }
    }

    /// The key is written once, by whoever makes the journal.
    ///
    /// It is no credential: it only keeps fingerprints from being compared between journals, or with guesses.
    private static func loadKey(_ database: DatabaseQueue) throws -> Secret {
        let bytes = try database.write { database in
            if let key = try Data.fetchOne(
                database, sql: "SELECT value FROM setting WHERE name = 'fingerprintKey'")
            {
                return key
            }
            let key = FingerprintKey.makeKey().withUnsafeBytes { Data($0) }
            try database.execute(
                sql: "INSERT INTO setting (name, value) VALUES ('fingerprintKey', ?)", arguments: [key])
            return key
        }
        guard bytes.count == FingerprintKey.byteCount else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the fingerprint key is damaged")
        }
        return Secret(copying: bytes.bytes)
    }

    // MARK: Writing

    /// Stores `record` and `entries` in one transaction, synced when the call returns.
    ///
    /// Where the record says that every cluster has the new secret, the identity's earlier rotations hand over
    /// to it in the same transaction; but for one that put a new identity in place of another, which keeps what it
    /// has to do for the former. A record without an entry leaves one in the audit chain all the same,
    /// which covers every record that is stored.
    public func save(_ record: RotationRecord, entries: [HistoryEntry]) throws {
        try write { database in
            try Self.store(record, entries, in: database)
            guard record.appliedAt != nil, record.outcome == .rotated else { return }
            for earlier in try Self.records(of: record.plan.identity.appId, onlyOpen: true, in: database)
            where earlier.id != record.id && earlier.startedAt <= record.startedAt
                && !earlier.isUnfinished && earlier.former == nil
            {
                try Self.store(
                    earlier.superseded(),
                    [HistoryEntry(at: entries.last?.at ?? Date(), what: "superseded", detail: record.id)],
                    in: database)
            }
        }
    }

    /// Notes effects that belong to no rotation, such as an apply or a copy; synced when the call returns.
    ///
    /// To be called before the effect, with the intent, and after it, with the result.
    public func note(_ entries: [HistoryEntry], of appId: String) throws(JournalError) {
        try write { database in
            try AuditChain(database: database).append(
                entries, rotation: nil, appId: appId, caller: .current, digest: nil)
        }
    }

    /// One transaction; its audit head is noted outside of the database before anything follows from it.
    func write(_ body: (Database) throws -> Void) throws(JournalError) {
        do {
            guard try FileIdentity(of: folder.journal) == file else {
                throw JournalError(
                    .inaccessible, "\(folder.journal) was replaced while it was in use",
                    hint: "run `credferry resume`")
            }
            let head = try database.write { database in
                try body(database)
                return try AuditChain(database: database).head()
            }
            try mark.note(head)
        } catch {
            throw JournalError(error, in: folder.journal)
        }
    }

    private static func store(
        _ record: RotationRecord, _ entries: [HistoryEntry], in database: Database
    ) throws {
        let (appId, stored) = (record.plan.identity.appId.lowercased(), try JSONEncoder().encode(record))
        try database.execute(
            sql: """
                INSERT INTO rotation (id, appId, startedAt, step, isOpen, record, successor)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET
                    step = excluded.step, isOpen = excluded.isOpen, record = excluded.record,
                    successor = excluded.successor
                """,
            arguments: [
                record.id, appId, record.startedAt.timeIntervalSince1970, record.step.rawValue,
                record.step != .ended, stored, record.provision?.identity?.appId.lowercased(),
            ])
        try AuditChain(database: database).append(
            entries.isEmpty ? [HistoryEntry(at: Date(), what: "record")] : entries, rotation: record.id,
            appId: appId, caller: .current, digest: Hexadecimal.text(SHA256.digest(stored)))
    }
}

/// Which file a path means.
private struct FileIdentity: Equatable {
    private let device: dev_t
    private let number: ino_t

    init(of path: String) throws(JournalError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw StateFolder.inaccessible(path, errno) }
        (device, number) = (status.st_dev, status.st_ino)
    }
}
