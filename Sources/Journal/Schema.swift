internal import FoundationEssentials
internal import GRDB
internal import Rotation

/// The journal's tables.
///
/// A released migration is never edited; a change is a migration of its own.
enum Schema {
    static func migrate(_ database: DatabaseQueue) throws {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
                    CREATE TABLE rotation (
                        id TEXT PRIMARY KEY,
                        appId TEXT NOT NULL,
                        startedAt REAL NOT NULL,
                        step TEXT NOT NULL,
                        isOpen INTEGER NOT NULL,
                        record BLOB NOT NULL
                    ) STRICT;
                    CREATE INDEX rotationOfIdentity ON rotation (appId, startedAt);
                    CREATE INDEX openRotation ON rotation (startedAt) WHERE isOpen;
                    CREATE TABLE history (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        rotation TEXT NOT NULL REFERENCES rotation (id),
                        at REAL NOT NULL,
                        entry BLOB NOT NULL
                    ) STRICT;
                    CREATE INDEX historyOfRotation ON history (rotation);
                    """)
        }
        migrator.registerMigration("2") { database in
            try database.execute(
                sql: """
                    CREATE TABLE audit (
                        number INTEGER PRIMARY KEY,
                        rotation TEXT REFERENCES rotation (id),
                        body BLOB NOT NULL,
                        hash BLOB NOT NULL
                    ) STRICT;
                    CREATE INDEX auditOfRotation ON audit (rotation);
                    """)
            try carryOver(database)
            try database.execute(sql: "DROP TABLE history")
        }
        // A rotation that makes a new identity is found by either of the two.
        migrator.registerMigration("3") { database in
            try database.execute(
                sql: """
                    ALTER TABLE rotation ADD COLUMN successor TEXT;
                    CREATE INDEX rotationOfSuccessor ON rotation (successor, startedAt);
                    """)
        }
        let isNewer = try database.read { try migrator.hasBeenSuperseded($0) }
        guard !isNewer else {
            throw JournalError(
                .newer, "the journal was written by a newer version of credferry", hint: "use that version")
        }
        try migrator.migrate(database)
    }

    /// Puts the history of version 1, which nothing held together, at the chain's beginning.
    ///
    /// Nobody noted then who did it, so these records have no caller but the last of each rotation, which says
    /// who carried them over.
    private static func carryOver(_ database: Database) throws {
        let chain = AuditChain(database: database)
        let decoder = JSONDecoder()
        let lines = try Row.fetchAll(
            database,
            sql: """
                SELECT rotation, appId, entry FROM history JOIN rotation ON rotation.id = history.rotation
                ORDER BY history.id
                """)
        for line in lines {
            try chain.append(
                [try decoder.decode(HistoryEntry.self, from: line["entry"] as Data)],
                rotation: line["rotation"], appId: line["appId"], caller: nil, digest: nil)
        }
        for row in try Row.fetchAll(
            database, sql: "SELECT id, appId, record FROM rotation ORDER BY startedAt, id")
        {
            try chain.append(
                [HistoryEntry(at: Date(), what: "carried over", detail: "from an earlier version's history")],
                rotation: row["id"], appId: row["appId"], caller: .current,
                digest: Hexadecimal.text(SHA256.digest(row["record"] as Data)))
        }
    }
}
