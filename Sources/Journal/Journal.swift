internal import FoundationEssentials
internal import GRDB
internal import Glibc
public import Rotation
public import SecretMemory

/// What credferry remembers: every rotation's record, and a history of what was done, in SQLite.
///
/// Each write is one transaction that is synced to the disk before the call returns (`journal_mode=WAL`,
/// `synchronous=FULL`). No secret is in it; secrets are known by their fingerprints.
public final class Journal: RotationJournal {
    /// Where it is.
    public let folder: StateFolder
    /// The key of this journal's fingerprints, made with the journal.
    public let fingerprintKey: FingerprintKey

    private let database: DatabaseQueue

    /// Opens the journal in `folder`, making or upgrading it as needed.
    ///
    /// - Throws: ``JournalError``.
    public init(in folder: StateFolder) throws(JournalError) {
        self.folder = folder
        do {
            // Two first runs at once: SQLite answers SQLITE_BUSY to `journal_mode` without waiting, so the
            // opening has a lock of its own.
            let lock = try folder.open(folder.path + "/journal.lock")
            defer { close(lock) }
            flock(lock, LOCK_EX)
            try Self.checkHeader(folder)
            database = try DatabaseQueue(path: folder.journal, configuration: Self.configuration)
            try Schema.migrate(database)
            fingerprintKey = FingerprintKey(try Self.loadKey(database))
        } catch {
            throw Self.describe(error, folder.journal)
        }
    }

    /// SQLite takes a file of a few bytes for a new database; here it is a journal that was cut short.
    private static func checkHeader(_ folder: StateFolder) throws(JournalError) {
        let descriptor = try folder.open(folder.journal)
        defer { close(descriptor) }
        var header = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &header, header.count, 0)
        guard count == 0 || (count == header.count && header == Array("SQLite format 3\0".utf8)) else {
            throw JournalError(
                .corrupt, "\(folder.journal) is damaged: it does not begin like a journal",
                hint: "put back a copy from before; Azure and the sinks keep their secrets meanwhile")
        }
    }

    private static var configuration: GRDB.Configuration {
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        return configuration
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
    /// to it in the same transaction.
    public func save(_ record: RotationRecord, entries: [HistoryEntry]) throws {
        do {
            try database.write { database in
                try Self.store(record, in: database)
                for entry in entries {
                    try database.execute(
                        sql: "INSERT INTO history (rotation, at, entry) VALUES (?, ?, ?)",
                        arguments: [
                            record.id, entry.at.timeIntervalSince1970, try JSONEncoder().encode(entry),
                        ])
                }
                guard record.appliedAt != nil, record.outcome == .rotated else { return }
                for earlier in try Self.records(of: record.plan.identity.appId, onlyOpen: true, in: database)
                where earlier.id != record.id && earlier.startedAt <= record.startedAt
                    && !earlier.isUnfinished
                {
                    try Self.store(earlier.superseded(), in: database)
                }
            }
        } catch {
            throw Self.describe(error, folder.journal)
        }
    }

    private static func store(_ record: RotationRecord, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO rotation (id, appId, startedAt, step, isOpen, record) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET
                    step = excluded.step, isOpen = excluded.isOpen, record = excluded.record
                """,
            arguments: [
                record.id, record.plan.identity.appId.lowercased(), record.startedAt.timeIntervalSince1970,
                record.step.rawValue, record.step != .ended, try JSONEncoder().encode(record),
            ])
    }

    // MARK: Reading

    /// Every rotation of the identity, oldest first.
    public func records(of appId: String) throws(JournalError) -> [RotationRecord] {
        try read { try Self.records(of: appId, onlyOpen: false, in: $0) }
    }

    /// Every rotation that has something left to do, oldest first.
    public func openRecords() throws(JournalError) -> [RotationRecord] {
        try read { database in
            try Self.decode(
                try Data.fetchAll(
                    database, sql: "SELECT record FROM rotation WHERE isOpen ORDER BY startedAt, id"))
        }
    }

    /// What was done, oldest first; `nil` for all rotations.
    public func history(of rotation: String? = nil) throws(JournalError) -> [HistoryEntry] {
        try read { database in
            let rows = try Data.fetchAll(
                database, sql: "SELECT entry FROM history WHERE ?1 IS NULL OR rotation = ?1 ORDER BY id",
                arguments: [rotation])
            return try rows.map { try JSONDecoder().decode(HistoryEntry.self, from: $0) }
        }
    }

    private static func records(
        of appId: String, onlyOpen: Bool, in database: Database
    ) throws -> [RotationRecord] {
        try decode(
            try Data.fetchAll(
                database,
                sql:
                    "SELECT record FROM rotation WHERE appId = ? AND (isOpen OR NOT ?) ORDER BY startedAt, id",
                arguments: [appId.lowercased(), onlyOpen]))
    }

    private static func decode(_ rows: [Data]) throws -> [RotationRecord] {
        try rows.map { try JSONDecoder().decode(RotationRecord.self, from: $0) }
    }

    private func read<Value>(_ body: (Database) throws -> Value) throws(JournalError) -> Value {
        do {
            return try database.read(body)
        } catch {
            throw Self.describe(error, folder.journal)
        }
    }

    // MARK: Errors

    private static func describe(_ error: any Error, _ file: String) -> JournalError {
        switch error {
        case let error as JournalError: return error
        case let error as DatabaseError: return describe(error, file)
        case is DecodingError:
            return JournalError(
                .corrupt, "\(file): a record cannot be read: \(error)",
                hint: "if a newer version wrote it, use that version")
        default: return JournalError(.inaccessible, "\(file): \(error)")
        }
    }

    private static func describe(_ error: DatabaseError, _ file: String) -> JournalError {
        let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        return switch error.resultCode {
        case .SQLITE_FULL:
            JournalError(.full, "\(file): \(reason)", hint: "free some space, then run `credferry resume`")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            JournalError(
                .corrupt, "\(file): \(reason)",
                hint: "put back a copy from before; Azure and the sinks keep their secrets meanwhile")
        default:
            JournalError(
                .inaccessible, "\(file): \(reason)", hint: "check the owner and mode of the state folder")
        }
    }
}
