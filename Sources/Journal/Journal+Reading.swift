internal import FoundationEssentials
internal import GRDB
internal import Glibc
public import Rotation

extension Journal {
    /// Every rotation, oldest first.
    public func records() throws(JournalError) -> [RotationRecord] {
        try read { database in
            try Self.decode(
                try Data.fetchAll(database, sql: "SELECT record FROM rotation ORDER BY startedAt, id"))
        }
    }

    /// Every rotation of the identity, oldest first: also the one that made it, or made another in its place.
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

    /// What was done, oldest first; `nil` for all rotations, and for what belongs to none.
    public func history(of rotation: String? = nil) throws(JournalError) -> [AuditRecord] {
        try read { try AuditChain(database: $0).records(of: rotation) }
    }

    static func records(
        of appId: String, onlyOpen: Bool, in database: Database
    ) throws -> [RotationRecord] {
        try decode(
            try Data.fetchAll(
                database,
                sql: """
                    SELECT record FROM rotation WHERE (appId = ? OR successor = ?) AND (isOpen OR NOT ?)
                    ORDER BY startedAt, id
                    """,
                arguments: [appId.lowercased(), appId.lowercased(), onlyOpen]))
    }

    private static func decode(_ rows: [Data]) throws -> [RotationRecord] {
        try rows.map { try JSONDecoder().decode(RotationRecord.self, from: $0) }
    }

    private func read<Value>(_ body: (Database) throws -> Value) throws(JournalError) -> Value {
        do {
            return try database.read(body)
        } catch {
            throw JournalError(error, in: folder.journal)
        }
    }
}
