import FoundationEssentials
import SinkCore
import Testing

@testable import Rotation

@Suite("What the directory and the sinks tell of a rotation")
struct RecoveryTests {
    let now = Date(timeIntervalSince1970: 1_800_000_000)

    func recovered(
        delivered: Set<Int> = [0, 1], hasRivals: Bool = false, sinks: [Bool] = [true, true],
        predecessors: [String] = []
    ) throws -> RotationRecord {
        let plan = makePlan(sinks: sinks)
        let credential = Listed(
            keyId: "k1", displayName: "credferry-aaaaaaaaaaaaaaaa-1", notBefore: now - 100,
            notAfter: now + 9e6)
        return RotationRecord.recovered(
            id: "r",
            plan: Plan(
                identity: plan.identity, consumers: plan.consumers, deliveries: plan.deliveries,
                policy: plan.policy, predecessors: predecessors),
            credential: credential, fingerprint: try #require(World(plan: plan).fingerprint(5)),
            delivered: delivered, hasRivals: hasRivals, at: now)
    }

    @Test func theOnlyCredentialIsTheOneInUse() throws {
        let record = try recovered()
        #expect(record.outcome == .rotated)
        #expect(record.step == .ended)
        let ledger = Ledger([record])
        #expect(ledger.current?.keyId == "k1")
        #expect(ledger.predecessors == ["k1"])
    }

    @Test func whatIsCredferrysGoesAfterTheOverlap() throws {
        let record = try recovered(predecessors: ["k0"])
        #expect(record.step == .overlap)
        #expect(record.nextDuty == now + record.plan.policy.overlap)
    }

    /// R3: the clusters may hold the other one, so nothing is retired before they have this one.
    @Test func besideAnotherOneItIsGivenToTheClustersFirst() throws {
        let record = try recovered(hasRivals: true, predecessors: ["k0"])
        #expect(record.isUnfinished)
        #expect(record.appliedAt == nil)
        #expect(Ledger([record]).current == nil)
        var rotation = Rotation(record)
        #expect(rotation.handle(.resume, at: now) == [.load(0)])
        #expect(rotation.handle(.loaded(0, matches: true), at: now) == [.examine(0)])
        let effects = rotation.handle(.consumer(0, .settled), at: now)
        #expect(effects.contains(.reset(0)))
        #expect(!effects.contains { if case .remove = $0 { true } else { false } })
    }

    @Test func aSinkThatLostItGetsItAgain() throws {
        var rotation = Rotation(try recovered(delivered: [1]))
        #expect(rotation.record.isUnfinished)
        #expect(rotation.handle(.resume, at: now) == [.load(1)])
        let effects = rotation.handle(.loaded(1, matches: true), at: now)
        #expect(effects.contains(.put(0)))
        #expect(!effects.contains(.reset(0)))
    }

    @Test func aSinkThatCannotBeReadIsTakenAtItsWord() throws {
        #expect(try recovered(delivered: [0], sinks: [true, false]).outcome == .rotated)
    }

    @Test(arguments: [
        ("credferry-abcdefghijklmn27-1", true), ("credferry-abcdefghijklmn27-12", true),
        ("credferry-abcdefghijklmn27-0", false), ("credferry-abcdefghijklmn27", false),
        ("credferry-abcdefghijklmn27-1-2", false), ("credferry-abcdefghijklmn2-1", false),
        ("credferry-ABCDEFGHIJKLMN27-1", false), ("credferry-abcdefghijklmn21-x", false),
        ("rbac", false), ("", false),
    ])
    func onlyCredferryGivesSuchNames(name: String, isOurs: Bool) {
        #expect(RotationRecord.isName(name) == isOurs)
        #expect(!RotationRecord.isName(nil))
        #expect(RotationRecord.isName("credferry-\(RotationRecord.makeId())-1"))
    }
}
