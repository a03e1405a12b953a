internal import FoundationEssentials
internal import GRDB
internal import Glibc

extension Journal {
    /// Checks the audit chain of the journal in `folder`, and what it covers.
    ///
    /// Changes nothing in it (a rebuilt one that waits is put in place first), and opens also a journal that ``init(in:)`` refuses for what it has lost. A
    /// folder without a journal has an empty chain.
    ///
    /// - Parameter heads: earlier heads, noted elsewhere, that the chain must contain.
    /// - Throws: ``JournalError`` where the journal cannot be read at all.
    public static func verifyAudit(
        in folder: StateFolder, containing heads: [AuditHead] = []
    ) throws(JournalError) -> AuditVerdict {
        let lock = try folder.open(folder.path + "/journal.lock")
        defer { close(lock) }
        try StateFolder.wait(for: lock, folder.path + "/journal.lock")
        try JournalSwap.finish(in: folder)
        do {
            var heads = heads
            var status = stat()
            if lstat(folder.mark, &status) == 0 { heads.append(try HeadMark(in: folder).head()) }
            guard lstat(folder.journal, &status) == 0, status.st_size > 0 else {
                guard let lost = heads.map(\.number).max(), lost > 0 else {
                    return .nothing
                }
                return AuditVerdict(
                    head: .none,
                    fault: AuditFault(record: 1, reason: "the journal is gone, with all up to record \(lost)")
                )
            }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw JournalError(.inaccessible, "\(folder.journal) is no regular file")
            }
            var configuration = GRDB.Configuration()
            configuration.busyMode = .timeout(10)
            let database = try DatabaseQueue(path: folder.journal, configuration: configuration)
            return try database.read { database in
                if let fault = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)"), fault != "ok"
                {
                    throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: AuditRecord.line(fault))
                }
                return try AuditChain(database: database).verify(containing: heads)
            }
        } catch {
            throw JournalError(error, in: folder.journal)
        }
    }
}
