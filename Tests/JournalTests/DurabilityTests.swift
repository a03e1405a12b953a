import FoundationEssentials
import GRDB
import Glibc
import Rotation
import Testing

@testable import Journal

@Suite("What the journal survives")
struct DurabilityTests {
    let scratch = Scratch()

    func folder(_ name: String = "state") throws -> StateFolder {
        try StateFolder(at: "\(scratch.path)/\(name)")
    }

    func fill(_ journal: Journal, _ ids: [String]) throws {
        for id in ids {
            try journal.save(makeRecord(id), entries: [HistoryEntry(at: Date(), what: "begin")])
        }
    }

    func code(_ body: () throws -> Void) throws -> JournalError.Code? {
        do {
            try body()
            return nil
        } catch let error as JournalError {
            #expect(!error.message.isEmpty)
            return error.code
        }
    }

    @Test func everyCommitIsSynced() throws {
        let journal = try Journal(in: folder())
        let (mode, synchronous) = try journal.database.read { database in
            (
                try String.fetchOne(database, sql: "PRAGMA journal_mode"),
                try Int.fetchOne(database, sql: "PRAGMA synchronous")
            )
        }
        #expect(mode == "wal")
        #expect(synchronous == 2)
    }

    // MARK: Damage

    static let files = ["journal.sqlite", "journal.sqlite-wal", "journal.head"]

    /// The files of a journal as a crash leaves them: with `r1` in the database and `r2`, `r3` in the log.
    func crashed() throws -> [String: Data] {
        try fill(Journal(in: folder()), ["r1"])
        let journal = try Journal(in: folder())
        try fill(journal, ["r2", "r3"])
        var contents: [String: Data] = [:]
        for file in Self.files {
            contents[file] = try Data(contentsOf: URL(filePath: "\(journal.folder.path)/\(file)"))
        }
        withExtendedLifetime(journal) {}
        #expect((contents["journal.sqlite-wal"]?.count ?? 0) > 4_096)
        return contents
    }

    /// Opens a journal of those files: all that was synced is in it, or the error says that it is damaged.
    func check(_ contents: [String: Data], _ what: String) throws {
        let folder = try folder("copy")
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        for (file, content) in contents { try content.write(to: URL(filePath: "\(folder.path)/\(file)")) }
        let code = try code {
            let journal = try Journal(in: folder)
            #expect(try journal.records().map(\.id) == ["r1", "r2", "r3"], "\(what)")
            #expect(try journal.history().count == 3, "\(what)")
        }
        #expect(code == nil || code == .corrupt, "\(what)")
    }

    @Test func asACrashLeavesItNothingIsLost() throws {
        let contents = try crashed()
        let folder = try folder("copy")
        for (file, content) in contents { try content.write(to: URL(filePath: "\(folder.path)/\(file)")) }
        #expect(try Journal(in: folder).records().map(\.id) == ["r1", "r2", "r3"])
    }

    /// Every length of the first pages and of all that lies around a sector's or page's end.
    ///
    /// SQLite reads no other unit, so what lies between is the same case. With `CUT_EVERY_BYTE`, every length there is.
    @Test(arguments: files) func cutShortAtAnyByte(file: String) throws {
        let contents = try crashed()
        let whole = try #require(contents[file])
        let isAll = ProcessInfo.processInfo.environment["CUT_EVERY_BYTE"] != nil
        for length in 0..<whole.count
        where isAll || length < 700 || [0, 1, 24, 32, 511].contains(length % 512) {
            var damaged = contents
            damaged[file] = whole.prefix(length)
            try check(damaged, "\(file) cut to \(length)")
        }
    }

    @Test func missingFilesAreNoticed() throws {
        let contents = try crashed()
        for file in ["journal.sqlite", "journal.sqlite-wal"] {
            var damaged = contents
            damaged[file] = nil
            let folder = try folder("without-\(file)")
            for (file, content) in damaged { try content.write(to: URL(filePath: "\(folder.path)/\(file)")) }
            #expect(try code { _ = try Journal(in: folder) } == .corrupt, "\(file)")
        }
    }

    @Test func anOlderCopyIsNoticed() throws {
        try fill(Journal(in: folder()), ["r1"])
        let path = try folder().journal
        let old = try Data(contentsOf: URL(filePath: path))
        try fill(Journal(in: folder()), ["r2"])
        try old.write(to: URL(filePath: path))
        #expect(try code { _ = try Journal(in: folder()) } == .corrupt)
        #expect(try Journal.verifyAudit(in: folder()).fault?.record == 2)
    }

    /// What neither the opening nor the reading trips over, the audit does; or the journal is as it was.
    @Test func garbageIsFound() throws {
        let contents = try crashed()
        var generator = SplitMix(state: 1)
        for file in Self.files {
            for round in 0..<40 {
                var damaged = contents
                let start = Int.random(in: 0..<(contents[file]?.count ?? 1), using: &generator)
                for index in start..<min(start + 64, contents[file]?.count ?? 0) {
                    damaged[file]?[index] = UInt8.random(in: 0...255, using: &generator)
                }
                let folder = try folder("garbage-\(file)-\(round)")
                for (file, content) in damaged {
                    try content.write(to: URL(filePath: "\(folder.path)/\(file)"))
                }
                let code = try code {
                    guard try Journal.verifyAudit(in: folder).fault == nil else { return }
                    let journal = try Journal(in: folder)
                    #expect(try journal.records().map(\.id) == ["r1", "r2", "r3"], "\(file), round \(round)")
                    #expect(try journal.history().count == 3, "\(file), round \(round)")
                }
                #expect(code == nil || code == .corrupt, "\(file), round \(round)")
            }
        }
    }

    @Test(arguments: ["journal.sqlite", "journal.head", "journal.lock"])
    func aFolderOrALinkInItsPlace(file: String) throws {
        let folder = try folder()
        let path = "\(folder.path)/\(file)"
        mkdir(path, 0o700)
        #expect(try code { _ = try Journal(in: folder) } == .inaccessible)
        rmdir(path)
        try Data().write(to: URL(filePath: scratch.path + "/elsewhere"))
        symlink(scratch.path + "/elsewhere", path)
        #expect(try code { _ = try Journal(in: folder) } == .inaccessible)
        #expect(try Data(contentsOf: URL(filePath: scratch.path + "/elsewhere")).isEmpty)
    }

    @Test func aJournalThatWasReplacedIsNotWrittenTo() throws {
        let journal = try Journal(in: folder())
        try fill(journal, ["r1"])
        rename(journal.folder.journal, journal.folder.journal + ".aside")
        #expect(try code { try fill(journal, ["r2"]) } == .inaccessible)
        try Data().write(to: URL(filePath: journal.folder.journal))
        #expect(try code { try fill(journal, ["r2"]) } == .inaccessible)
    }

    // MARK: Two versions

    /// A journal as version 1 of the schema had it.
    func makeOld(_ folder: StateFolder) throws {
        let record = makeRecord("r1", appId: "app")
        let database = try DatabaseQueue(path: folder.journal)
        try database.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                    INSERT INTO grdb_migrations VALUES ('1');
                    CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
                    CREATE TABLE rotation (
                        id TEXT PRIMARY KEY, appId TEXT NOT NULL, startedAt REAL NOT NULL,
                        step TEXT NOT NULL, isOpen INTEGER NOT NULL, record BLOB NOT NULL
                    ) STRICT;
                    CREATE INDEX rotationOfIdentity ON rotation (appId, startedAt);
                    CREATE INDEX openRotation ON rotation (startedAt) WHERE isOpen;
                    CREATE TABLE history (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        rotation TEXT NOT NULL REFERENCES rotation (id),
                        at REAL NOT NULL, entry BLOB NOT NULL
                    ) STRICT;
                    CREATE INDEX historyOfRotation ON history (rotation);
                    """)
            try database.execute(
                sql: "INSERT INTO rotation VALUES ('r1', 'app', 1800000000, 'plan', 1, ?)",
                arguments: [try JSONEncoder().encode(record)])
            for what in ["begin", "add"] {
                try database.execute(
                    sql: "INSERT INTO history (rotation, at, entry) VALUES ('r1', 1, ?)",
                    arguments: [
                        try JSONEncoder().encode(HistoryEntry(at: Date(timeIntervalSince1970: 1), what: what))
                    ])
            }
        }
        try database.close()
    }

    @Test func anOlderJournalIsUpgraded() throws {
        try makeOld(folder())
        let journal = try Journal(in: folder())
        #expect(try journal.records().map(\.id) == ["r1"])
        #expect(try journal.history(of: "r1").map(\.what) == ["begin", "add", "carried over"])
        #expect(try journal.history().map(\.caller) == [nil, nil, .current])
        #expect(try Journal.verifyAudit(in: folder()).fault == nil)
        try fill(journal, ["r2"])
        #expect(try Journal(in: folder()).history().count == 4)
    }

    @Test func twoProcessesUpgradeItOnce() async throws {
        let path = try folder().path
        try makeOld(folder())
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    await #expect(processExitsWith: .success) { [path = path as String] in
                        let journal = try Journal(in: try StateFolder(at: path))
                        guard try journal.history().count == 3 else { exit(3) }
                    }
                }
            }
        }
        #expect(try Journal(in: folder()).history().count == 3)
    }

    @Test func aNewerJournalIsLeftAlone() throws {
        try fill(Journal(in: folder()), ["r1"])
        let database = try DatabaseQueue(path: folder().journal)
        try database.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('3000')") }
        try database.close()
        #expect(try code { _ = try Journal(in: folder()) } == .newer)
    }

    // MARK: Disks

    /// Whether this process may mount a file system of its own.
    static let canMount: Bool = {
        let path = "/tmp/credferry-mount-\(UUID().uuidString)"
        guard mkdir(path, 0o700) == 0 else { return false }
        defer { rmdir(path) }
        guard mount("tmpfs", path, "tmpfs", 0, "size=64k") == 0 else { return false }
        return umount2(path, 2) == 0
    }()

    func onDisk(_ size: String, _ body: (StateFolder) throws -> Void) throws {
        let path = scratch.path + "/disk"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try #require(mount("tmpfs", path, "tmpfs", 0, "size=\(size),mode=0700") == 0)
        defer { umount2(path, 2) }
        try body(try StateFolder(at: path + "/state"))
    }

    @Test(.enabled(if: canMount, "a file system of its own needs the right to mount"))
    func aFullDiskLosesNothing() throws {
        try onDisk("1m") { folder in
            let journal = try Journal(in: folder)
            try fill(journal, ["r1"])
            let filler = folder.path + "/filler"
            let descriptor = open(filler, O_CREAT | O_RDWR, 0o600)
            let block = [UInt8](repeating: 1, count: 512)
            while write(descriptor, block, block.count) == block.count {}
            close(descriptor)
            // The log has some room of its own left, perhaps.
            var saved = ["r1"]
            var failure: JournalError.Code?
            for number in 2..<200 where failure == nil {
                failure = try code { try fill(journal, ["r\(number)"]) }
                if failure == nil { saved.append("r\(number)") }
            }
            #expect(failure == .full)
            #expect(Set(try journal.records().map(\.id)) == Set(saved))
            unlink(filler)
            try fill(journal, ["last"])
            #expect(Set(try Journal(in: folder).records().map(\.id)) == Set(saved + ["last"]))
            #expect(try Journal.verifyAudit(in: folder).fault == nil)
        }
    }

    @Test(.enabled(if: canMount, "a file system of its own needs the right to mount"))
    func aDiskThatIsFullFromTheStartIsSaidToBe() throws {
        try onDisk("16k") { folder in
            let code = try code { try fill(Journal(in: folder), ["r1"]) }
            #expect(code == .full)
        }
    }

    @Test(.enabled(if: canMount, "a file system of its own needs the right to mount"))
    func aReadOnlyFolderIsAClearError() throws {
        try onDisk("1m") { folder in
            do { try fill(Journal(in: folder), ["r1"]) }
            // MS_RDONLY | MS_REMOUNT
            try #require(mount("tmpfs", scratch.path + "/disk", "tmpfs", 1 | 32, nil) == 0)
            #expect(try code { _ = try Journal(in: folder) } == .inaccessible)
        }
    }

    @Test func aFileSystemThatTakesNoFolderIsAClearError() throws {
        #expect(try code { _ = try StateFolder(at: "/proc/credferry") } == .inaccessible)
    }

    /// Works without any right: a limit on the size of files is a disk that is full.
    @Test func aLimitOnFilesLosesNothing() async throws {
        let path = try folder().path
        await #expect(processExitsWith: .success) { [path = path as String] in
            let folder = try StateFolder(at: path)
            try Journal(in: folder).save(makeRecord("r1"), entries: [])
            signal(SIGXFSZ, SIG_IGN)
            let journal = try Journal(in: folder)
            var limit = rlimit(rlim_cur: 20_000, rlim_max: 20_000)
            guard setrlimit(__rlimit_resource_t(1), &limit) == 0 else { exit(4) }
            for number in 2..<200 {
                do {
                    try journal.save(makeRecord("r\(number)"), entries: [])
                } catch {
                    exit(try journal.records().count == number - 1 ? 0 : 5)
                }
            }
            exit(6)
        }
        #expect(try Journal(in: folder()).records().first?.id == "r1")
        #expect(try Journal.verifyAudit(in: folder()).fault == nil)
    }
}

/// Random numbers that are the same each time.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
