import FoundationEssentials
import GRDB
import Glibc
import Journal
import Rotation
import Testing

@Suite("The audit chain")
struct AuditTests {
    let scratch = Scratch()

    func folder() throws -> StateFolder { try StateFolder(at: scratch.path) }

    /// Three rotations with two entries each: six audit records.
    func filled() throws -> Journal {
        let journal = try Journal(in: folder())
        for id in ["r1", "r2", "r3"] {
            try journal.save(
                makeRecord(id, appId: "app-\(id)"),
                entries: [
                    HistoryEntry(at: Date(timeIntervalSince1970: 1), what: "put", sink: "vault", keyId: "k"),
                    HistoryEntry(
                        at: Date(timeIntervalSince1970: 2), what: "put done", sink: "vault", keyId: "k"),
                ])
        }
        return journal
    }

    func tamper(_ sql: String) throws {
        let database = try DatabaseQueue(path: folder().journal)
        try database.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            try database.execute(sql: sql)
        }
        try database.close()
    }

    @Test func saysWhoDidWhatAndWhen() throws {
        let record = try #require(try filled().history(of: "r2").last)
        #expect(record.number == 4)
        #expect(record.at == Date(timeIntervalSince1970: 2))
        #expect(record.caller == .current)
        #expect(record.caller?.process == Int(getpid()))
        #expect(record.appId == "app-r2")
        #expect([record.what, record.sink, record.keyId] == ["put done", "vault", "k"])
        #expect(try Journal.verifyAudit(in: folder()).fault == nil)
        #expect(try Journal.verifyAudit(in: folder()).head.number == 6)
    }

    @Test func keepsAReasonShortAndOnOneLine() throws {
        let long = "a\nb\u{2028}" + String(repeating: "é", count: 5_000)
        try Journal(in: folder()).save(
            makeRecord("r1"), entries: [HistoryEntry(at: Date(), what: "put failed", detail: long)])
        let detail = try #require(try Journal(in: folder()).history().first?.detail)
        #expect(detail.hasPrefix("a b é"))
        #expect(detail.unicodeScalars.count == AuditRecord.longestDetail + 1)
    }

    @Test func coversARecordThatHasNoEntry() throws {
        try Journal(in: folder()).save(makeRecord("r1"), entries: [])
        #expect(try Journal.verifyAudit(in: folder()).head.number == 1)
        try tamper("UPDATE rotation SET record = CAST(replace(record, 'old-r1', 'old-r2') AS BLOB)")
        #expect(try Journal.verifyAudit(in: folder()).fault?.record == 1)
    }

    @Test(arguments: [
        ("UPDATE audit SET body = CAST(replace(body, 'vault', 'fault') AS BLOB) WHERE number = 3", 3),
        ("UPDATE audit SET hash = zeroblob(32) WHERE number = 2", 2),
        ("UPDATE audit SET rotation = 'r3' WHERE number = 2", 2),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number IN (3, 4)", 3),
        ("DELETE FROM audit WHERE number > 4", 5),
        ("DELETE FROM audit", 1),
        (
            """
            UPDATE audit SET number = -2 WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 4;
            UPDATE audit SET number = 4 WHERE number = -2
            """, 2
        ),
        ("INSERT INTO audit SELECT 7, rotation, body, hash FROM audit WHERE number = 6", 7),
        ("INSERT INTO audit SELECT 0, rotation, body, hash FROM audit WHERE number = 6", 1),
        ("UPDATE rotation SET record = CAST(replace(record, 'old-r1', 'old-r2') AS BLOB) WHERE id = 'r1'", 2),
        ("DELETE FROM rotation WHERE id = 'r2'", 4),
        ("UPDATE setting SET value = CAST(replace(value, '6:', '8:') AS BLOB) WHERE name = 'auditHead'", 7),
    ])
    func namesTheFirstBadRecord(sql: String, number: Int) throws {
        _ = try filled()
        try tamper(sql)
        #expect(try Journal.verifyAudit(in: folder()).fault?.record == number)
    }

    @Test func findsAChangeOfAnyByteOfABody() throws {
        _ = try filled()
        let length = try DatabaseQueue(path: folder().journal).read {
            try Int.fetchOne($0, sql: "SELECT length(body) FROM audit WHERE number = 2") ?? 0
        }
        #expect(length > 100)
        let original = try Data(contentsOf: URL(filePath: folder().journal))
        for index in 1...length {
            try tamper(
                """
                UPDATE audit SET body = CAST(substr(body, 1, \(index - 1)) || x'01' || substr(body, \(index + 1))
                AS BLOB) WHERE number = 2
                """)
            #expect(try Journal.verifyAudit(in: folder()).fault?.record == 2, "byte \(index)")
            try original.write(to: URL(filePath: folder().journal))
        }
        #expect(try Journal.verifyAudit(in: folder()).fault == nil)
    }

    @Test func anotherChainIsToldByAHeadThatWasNoted() throws {
        _ = try filled()
        let noted = try Journal.verifyAudit(in: folder()).head
        #expect(try Journal.verifyAudit(in: folder(), containing: [noted]).fault == nil)
        for file in ["journal.sqlite", "journal.head"] { unlink("\(scratch.path)/\(file)") }
        _ = try filled()
        #expect(try Journal.verifyAudit(in: folder()).fault == nil)
        #expect(try Journal.verifyAudit(in: folder(), containing: [noted]).fault?.record == 6)
    }

    @Test func nothingIsBuiltOnABrokenChain() throws {
        let journal = try filled()
        try tamper("DELETE FROM audit WHERE number = 6")
        #expect {
            try journal.save(makeRecord("r4"), entries: [])
        } throws: {
            ($0 as? JournalError)?.code == .corrupt
        }
        #expect(try journal.records().map(\.id) == ["r1", "r2", "r3"])
    }

    @Test func whereTheAuditCannotBeWrittenNeitherIsTheRecord() throws {
        let journal = try filled()
        try tamper("CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no'); END")
        #expect(throws: JournalError.self) { try journal.save(makeRecord("r4"), entries: []) }
        #expect(try journal.records().map(\.id) == ["r1", "r2", "r3"])
    }

    @Test func notesWhatBelongsToNoRotation() throws {
        let journal = try filled()
        try journal.note([HistoryEntry(at: Date(), what: "copy", sink: "disk")], of: "app")
        #expect(try journal.history().last?.rotation == nil)
        #expect(try Journal.verifyAudit(in: folder()).fault == nil)
    }

    @Test func anEmptyFolderHasAnEmptyChain() throws {
        #expect(try Journal.verifyAudit(in: folder()) == .nothing)
    }

    @Test(arguments: [
        "", "1", "1:", "x:" + String(repeating: "0", count: 64), "1:" + String(repeating: "G", count: 64),
    ])
    func aTextThatIsNoHead(text: String) {
        #expect(AuditHead(text) == nil)
    }
}
