internal import GRDB

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
        let isNewer = try database.read { try migrator.hasBeenSuperseded($0) }
        guard !isNewer else {
            throw JournalError(
                .newer, "the journal was written by a newer version of credferry", hint: "use that version")
        }
        try migrator.migrate(database)
    }
}
