import FoundationEssentials
import SecretMemory
import SinkCore
import Testing

@testable import Rotation

@Suite("The driver")
struct DriverTests {
    let log = Log()
    let directory: MemoryDirectory
    let sinks: [String: MemorySink]

    init() {
        directory = MemoryDirectory(log)
        sinks = ["s0": MemorySink("s0", log), "s1": MemorySink("s1", log)]
    }

    func run(
        _ record: RotationRecord, _ event: Event, _ journal: MemoryJournal
    ) async throws -> RotationRecord {
        let driver = Driver(
            directory: directory, identities: MemoryIdentities(log), clusters: MemoryClusters(log),
            sinks: sinks,
            journal: journal)
        return try await driver.run(record, event)
    }

    func makeRecord() -> RotationRecord {
        RotationRecord(id: "r", plan: makePlan(sinks: [true, true], predecessors: []), startedAt: .now)
    }

    @Test func carriesARotationOut() async throws {
        let journal = MemoryJournal(log)
        let record = try await run(makeRecord(), .begin, journal)
        #expect(record.outcome == .rotated)
        #expect(journal.last == record)
        #expect(sinks["s0"]?.content("n") == "secret-1")
        #expect(log.all.contains("reset c0 secret-1"))
    }

    @Test(arguments: [
        ("journal add", "add k1"), ("journal put", "put s0 k1"), ("journal reset", "reset c0 secret-1"),
        ("put s1 k1", "reset c0 secret-1"), ("prove secret-1", "put s0 k1"),
    ])
    func writesTheIntentBeforeTheEffect(first: String, second: String) async throws {
        _ = try await run(makeRecord(), .begin, MemoryJournal(log))
        let one = try #require(log.all.firstIndex(of: first))
        let other = try #require(log.all.firstIndex(of: second))
        #expect(one < other)
    }

    /// Whichever write fails, nothing that should have followed it is done, and `resume` finishes the job.
    @Test(arguments: 1...12)
    func doesNothingThatCannotBeJournaled(failsAt: Int) async throws {
        let journal = MemoryJournal(log, failsAt: failsAt)
        await #expect(throws: MemoryJournal.Full.self) { _ = try await run(makeRecord(), .begin, journal) }
        if failsAt == 1 { #expect(log.all == []) }
        guard let record = journal.last else { return }
        let resumed = try await run(record, .resume, MemoryJournal(log))
        #expect(resumed.outcome == .rotated)
        let current = try #require(resumed.current?.keyId)
        #expect(directory.keyIds.contains(current))
        #expect(log.all.last { $0.hasPrefix("reset") } == "reset c0 secret-\(current.dropFirst())")
    }
}
