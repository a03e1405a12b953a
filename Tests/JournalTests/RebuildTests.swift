import FoundationEssentials
import Glibc
import Rotation
import Testing

@testable import Journal

@Suite("A rebuilt journal")
struct RebuildTests {
    let scratch = Scratch()

    func folder() throws -> StateFolder { try StateFolder(at: scratch.path + "/state") }

    /// A folder whose journal is damaged, and the old file's content.
    func damaged() throws -> (StateFolder, Data) {
        let folder = try folder()
        try Journal(in: folder).save(makeRecord("old"), entries: [])
        try Data("no journal".utf8).write(to: URL(filePath: folder.journal))
        #expect {
            try Journal(in: folder)
        } throws: { error in
            (error as? JournalError)?.code == .corrupt
                && (error as? JournalError)?.hint?.contains("doctor --rebuild-journal") == true
        }
        return (folder, Data("no journal".utf8))
    }

    func rebuild(_ folder: StateFolder) throws -> JournalRebuild {
        let rebuild = try JournalRebuild(in: folder)
        try rebuild.save(makeRecord("new"), entries: [HistoryEntry(at: Date(), what: "rebuilt")])
        return rebuild
    }

    func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    func check(_ folder: StateFolder, kept: Data) throws {
        let journal = try Journal(in: folder)
        #expect(try journal.records().map(\.id) == ["new"])
        #expect(try Journal.verifyAudit(in: folder).fault == nil)
        let names = try names(folder.path)
        #expect(!names.contains { $0.hasPrefix("rebuild") })
        let aside = try #require(names.first { $0.hasPrefix("damaged-") })
        let file = URL(filePath: "\(folder.path)/\(aside)/journal.sqlite")
        #expect(try Data(contentsOf: file) == kept)
    }

    @Test func takesThePlaceOfADamagedOne() throws {
        let (folder, old) = try damaged()
        let path = try rebuild(folder).finish()
        #expect(path?.hasPrefix(folder.path + "/damaged-") == true)
        try check(folder, kept: old)
    }

    @Test func takesThePlaceOfNone() throws {
        let folder = try folder()
        #expect(try rebuild(folder).finish() == nil)
        #expect(try Journal(in: folder).records().map(\.id) == ["new"])
    }

    @Test func leavesTheOldOneAloneUntilItIsWhole() throws {
        let (folder, old) = try damaged()
        do { _ = try rebuild(folder) }
        #expect(try Data(contentsOf: URL(filePath: folder.journal)) == old)
        #expect(throws: JournalError.self) { try Journal(in: folder) }
        _ = try rebuild(folder).finish()
        try check(folder, kept: old)
    }

    /// Each is a state in which a crash may leave the folder.
    @Test(arguments: 0..<5)
    func goesOnFromWhereverItStopped(step: Int) throws {
        let (folder, old) = try damaged()
        var rebuilding: JournalRebuild? = try rebuild(folder)
        let (new, kept) = (folder.path + "/rebuild", folder.path + "/rebuild/damaged")
        let log = "journal.sqlite-wal"
        try Data("log".utf8).write(to: URL(filePath: "\(folder.path)/\(log)"))
        try rebuilding?.prepare()
        func move(_ from: String, _ to: String) { #expect(rename(from, to) == 0, "\(from)") }
        if step > 0 { #expect(mkdir(kept, 0o700) == 0) }
        if step > 1 { move(folder.journal, "\(kept)/journal.sqlite") }
        if step > 2 {
            move("\(folder.path)/\(log)", "\(kept)/\(log)")
            #expect(link("\(folder.path)/journal.head", "\(kept)/journal.head") == 0)
            move("\(new)/journal.sqlite", folder.journal)
        }
        if step > 3 { move("\(new)/journal.head", "\(folder.path)/journal.head") }
        rebuilding = nil
        try check(folder, kept: old)
    }

    @Test func waitsForNobodyWhoRotates() async throws {
        let path = scratch.path + "/state"
        let folder = try folder()
        try Journal(in: folder).save(makeRecord("old"), entries: [])
        let lock = try IdentityLock("app", in: folder)
        await #expect(processExitsWith: .exitCode(75)) { [path = path as String] in
            do {
                _ = try JournalRebuild(in: try StateFolder(at: path))
            } catch let error as JournalError where error.code == .locked {
                exit(error.message.contains("process ") ? 75 : 1)
            }
        }
        withExtendedLifetime(lock) {}
    }
}
