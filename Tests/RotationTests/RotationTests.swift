import FoundationEssentials
import SinkCore
import Testing

@testable import Rotation

let identity = Identity(appId: "app", tenant: "tenant", object: .application, objectId: "object")

func makePlan(
    clusters: Int = 1, sinks: [Bool] = [true, true, false], predecessors: [String] = ["old"],
    overlap: TimeInterval = 3_600, change: (inout Policy) -> Void = { _ in }
) -> Plan {
    var policy = Policy()
    policy.overlap = overlap
    change(&policy)
    return Plan(
        identity: identity,
        consumers: (0..<clusters).map {
            Consumer(name: "c\($0)", resourceId: "/c\($0)", kind: .servicePrincipal)
        },
        deliveries: sinks.enumerated().map { index, isReadable in
            Delivery(
                sink: "s\(index)", name: "n", cluster: "c0", kind: .servicePrincipal, isReadable: isReadable)
        },
        policy: policy, predecessors: predecessors)
}

@Suite("A rotation without trouble")
struct SmoothRotationTests {
    @Test func goesThroughItsStepsInOrder() {
        var world = World(propagation: 5, plan: makePlan())
        world.run(.begin)
        #expect(world.stored.step == .overlap)
        #expect(world.stored.outcome == .rotated)
        #expect(world.clusters == [101])
        #expect(world.sinks == [101, 101, 101])
        #expect(world.held == nil, "the secret is forgotten once the cluster has it")
        #expect(world.credentials.keys.contains("old"), "the previous credential stays for the overlap")
        #expect(world.violations == [])
    }

    @Test func retiresOnlyAfterTheOverlap() throws {
        var world = World(plan: makePlan())
        world.run(.begin)
        let due = try #require(world.stored.nextDuty)
        #expect(due == world.stored.appliedAt.map { $0 + 3_600 })
        world.now = due - 1
        world.run(.resume)
        #expect(world.credentials["old"] != nil)
        world.now = due
        world.run(.resume)
        #expect(world.credentials["old"] == nil)
        #expect(world.credentials[World.foreignKey] != nil)
        #expect(world.stored.step == .ended)
        #expect(world.violations == [])
    }

    @Test func anAdoptedCredentialGoesToo() {
        var world = World(plan: makePlan(predecessors: [], overlap: 60))
        world.run(.begin)
        #expect(world.stored.step == .ended)
        world.credentials["adopted"] = world.entry("portal", secret: 7)
        world.run(.adopt(["adopted", world.stored.current?.keyId ?? ""]))
        #expect(world.stored.step == .overlap)
        world.now += 61
        world.run(.resume)
        #expect(world.credentials["adopted"] == nil)
        #expect(world.credentials.count == 2, "the one in use and the foreign one")
        #expect(world.violations == [])
    }

    @Test func everyClusterGetsIt() {
        var world = World(plan: makePlan(clusters: 4))
        world.run(.begin)
        #expect(world.clusters == [101, 101, 101, 101])
        #expect(world.stored.outcome == .rotated)
    }

    @Test func deliversWithoutAClusterToo() {
        var world = World(plan: makePlan(clusters: 0))
        world.run(.begin)
        #expect(world.stored.step == .overlap)
        #expect(world.sinks == [101, 101, 101])
    }
}

@Suite("A rotation that fails")
struct FailingRotationTests {
    @Test func leavesNothingWhereEntraNeverAccepts() {
        var world = World(propagation: 86_400, plan: makePlan())
        world.run(.begin)
        guard case .failed(let failure) = world.stored.outcome else {
            Issue.record("not failed: \(String(describing: world.stored.outcome))")
            return
        }
        #expect(failure.kind == .timeout)
        #expect(world.credentials.keys.sorted() == ["foreign", "old"])
        #expect(world.sinks == [nil, nil, nil])
        #expect(world.clusters == [1])
    }

    @Test func aRefusedAddChangesNothing() {
        var rotation = Rotation(RotationRecord(id: "r", plan: makePlan(), startedAt: .distantPast))
        _ = rotation.handle(.begin, at: .distantPast)
        let effects = rotation.handle(.addFailed(Failure(.forbidden, "403")), at: .distantPast)
        #expect(effects == [])
        #expect(rotation.record.outcome == .failed(Failure(.forbidden, "403")))
        #expect(rotation.record.step == .ended)
    }

    @Test func anotherRotatorsEarlierCredentialMakesItWithdraw() {
        var world = World(plan: makePlan())
        world.credentials["rival"] = world.entry("credferry-rival-1", secret: 9)
        world.run(.begin)
        guard case .failed(let failure) = world.stored.outcome else {
            Issue.record("not failed: \(String(describing: world.stored.outcome))")
            return
        }
        #expect(failure.kind == .contended)
        #expect(world.credentials.keys.sorted() == ["foreign", "old", "rival"])
    }

    @Test func aRefusedSinkStopsItWithTheCredentialInPlace() throws {
        var rotation = Rotation(
            RotationRecord(id: "r", plan: makePlan(sinks: [true, true]), startedAt: .now))
        let key = try #require(World(plan: makePlan()).fingerprint(5))
        _ = rotation.handle(.begin, at: .now)
        _ = rotation.handle(.added(keyId: "k", notBefore: .now, notAfter: .now, fingerprint: key), at: .now)
        _ = rotation.handle(.listed([]), at: .now)
        for _ in 0..<3 { _ = rotation.handle(.proved, at: .now) }
        #expect(rotation.record.step == .deliver)
        _ = rotation.handle(.putFailed(0, Failure(.locked, "locked")), at: .now)
        _ = rotation.handle(.stored(1, version: "v"), at: .now)
        let effects = rotation.handle(.readBack(1, matches: true), at: .now)
        #expect(effects == [])
        #expect(rotation.record.outcome == .unfinished(Failure(.locked, "locked")))
        #expect(rotation.record.current?.keyId == "k")
    }
}
