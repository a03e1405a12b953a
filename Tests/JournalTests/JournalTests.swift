import FoundationEssentials
import Glibc
import Journal
import Rotation
import SecretMemory
import Testing

/// A folder of its own for each test, removed when the test is over.
final class Scratch {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.path + "/credferry-test-" + UUID().uuidString
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

func makeRecord(_ id: String, appId: String = "APP", startedAt: Double = 1_800_000_000) -> RotationRecord {
    let plan = Plan(
        identity: Identity(appId: appId, tenant: "t", object: .application, objectId: "o"),
        consumers: [], deliveries: [], policy: Policy(), predecessors: ["old-\(id)"])
    return RotationRecord(id: id, plan: plan, startedAt: Date(timeIntervalSince1970: startedAt))
}

@Suite("The journal")
struct JournalTests {
    let scratch = Scratch()

    func open() throws -> Journal { try Journal(in: try StateFolder(at: scratch.path + "/a/b")) }

    @Test func givesBackWhatWasStored() throws {
        let record = makeRecord("r1")
        let entry = HistoryEntry(at: Date(timeIntervalSince1970: 1), what: "add", keyId: "k")
        try open().save(record, entries: [entry])
        let again = try open()
        #expect(try again.records(of: "app") == [record])
        #expect(try again.openRecords() == [record])
        #expect(try again.history(of: "r1").map(\.what) == ["add"])
        #expect(try again.history(of: "r1").map(\.keyId) == ["k"])
        #expect(try again.history(of: "r2") == [])
    }

    @Test func keepsItsFingerprintKey() throws {
        let secret = FingerprintKeyProbe.secret()
        let first = try open().fingerprintKey.fingerprint(of: secret)
        let second = try open().fingerprintKey.fingerprint(of: secret)
        #expect(first == second)
    }

    @Test func isReadableByItsOwnerAlone() throws {
        let previous = umask(0)
        defer { umask(previous) }
        try open().save(makeRecord("r1"), entries: [])
        for file in ["", "/journal.sqlite", "/journal.lock", "/journal.head", "/locks"] {
            var status = stat()
            #expect(stat(scratch.path + "/a/b" + file, &status) == 0)
            #expect(status.st_mode & 0o077 == 0, "\(file)")
        }
    }

    @Test func refusesAFolderThatOthersCanWrite() throws {
        try FileManager.default.createDirectory(atPath: scratch.path, withIntermediateDirectories: true)
        chmod(scratch.path, 0o777)
        #expect {
            try StateFolder(at: scratch.path)
        } throws: { error in
            (error as? JournalError)?.code == .inaccessible
        }
    }

    @Test func aLaterRotationTakesOverOnceItIsApplied() throws {
        var first = Rotation(makeRecord("r1"))
        var second = Rotation(makeRecord("r2", startedAt: 1_800_000_100))
        let journal = try open()
        apply(&first)
        try journal.save(first.record, entries: [])
        _ = second.handle(.begin, at: second.record.startedAt)
        try journal.save(second.record, entries: [])
        #expect(try journal.openRecords().map(\.id) == ["r1", "r2"])
        apply(&second)
        try journal.save(second.record, entries: [])
        #expect(try journal.openRecords().map(\.id) == ["r2"])
        #expect(try journal.records(of: "app").map(\.outcome) == [.superseded, .rotated])
    }

    /// While a new identity takes another's place, either of the two finds the rotation; and nothing takes over
    /// what it has to do for the former.
    @Test func aNewIdentityIsFoundFromEitherSide() throws {
        let old = makeRecord("r1").plan
        let plan = Plan(
            identity: old.identity, consumers: [], deliveries: [], policy: old.policy,
            predecessors: old.predecessors, replacement: Replacement(displayName: "credferry-a", grants: []))
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        var first = Rotation(RotationRecord(id: "r1", plan: plan, startedAt: start))
        let journal = try open()
        _ = first.handle(.begin, at: start)
        try journal.save(first.record, entries: [])
        #expect(try journal.records(of: "new") == [])
        let made = Identity(appId: "NEW", tenant: "t", object: .application, objectId: "n")
        _ = first.handle(.applicationMade(made), at: start)
        try journal.save(first.record, entries: [])
        #expect(try journal.records(of: "new") == [first.record])
        #expect(try journal.records(of: "app") == [first.record])
        _ = first.handle(.principalMade("p"), at: start)
        apply(&first)
        #expect(first.record.outcome == .rotated)
        try journal.save(first.record, entries: [])
        for appId in ["app", "new"] {
            var later = Rotation(makeRecord("later-\(appId)", appId: appId, startedAt: 1_800_000_100))
            apply(&later)
            try journal.save(later.record, entries: [])
        }
        #expect(try journal.openRecords().map(\.id) == ["r1", "later-app", "later-new"])
    }

    /// Takes a rotation with neither sinks nor clusters as far as the overlap.
    private func apply(_ rotation: inout Rotation) {
        let now = rotation.record.startedAt
        if rotation.record.step == .plan { _ = rotation.handle(.begin, at: now) }
        guard let fingerprint = FingerprintKeyProbe.fingerprint else { return }
        _ = rotation.handle(
            .added(keyId: "k", notBefore: now, notAfter: now, fingerprint: fingerprint), at: now)
        _ = rotation.handle(.listed([]), at: now)
        for _ in 0..<3 { _ = rotation.handle(.proved, at: now) }
    }

    @Test(arguments: [0, 1, 100, 5_000])
    func aDamagedFileIsAClearError(length: Int) throws {
        let path = try open().folder.journal
        for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
        let garbage = [UInt8](repeating: 0x41, count: length)
        try Data(garbage).write(to: URL(filePath: path))
        guard length > 0 else {
            _ = try open()  // An empty file is a journal that was never written.
            return
        }
        #expect {
            try open()
        } throws: { error in
            (error as? JournalError)?.code == .corrupt
        }
    }
}

@Suite("The lock of an identity")
struct IdentityLockTests {
    let scratch = Scratch()

    @Test func keepsASecondRotatorOut() throws {
        let folder = try StateFolder(at: scratch.path)
        let lock = try IdentityLock("00000000-aaaa", in: folder)
        #expect {
            try IdentityLock("00000000-AAAA", in: folder)
        } throws: { error in
            let error = error as? JournalError
            return error?.code == .locked && error?.message.contains("process \(getpid()) of") == true
        }
        _ = try IdentityLock("00000000-bbbb", in: folder)
        withExtendedLifetime(lock) {}
    }

    @Test func isFreeAgainAfterItsHolder() throws {
        let folder = try StateFolder(at: scratch.path)
        do { _ = try IdentityLock("a", in: folder) }
        _ = try IdentityLock("a", in: folder)
    }
}
