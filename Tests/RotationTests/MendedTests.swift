import FoundationEssentials
import SinkCore
import Testing

@testable import Rotation

/// Faults that the simulator found, each in its shortest form.
@Suite("Faults that were mended")
struct MendedTests {
    let now = Date(timeIntervalSince1970: 1_800_000_000)

    /// A rotation that has proved its first credential and is delivering it.
    func delivering(_ plan: Plan) throws -> Rotation {
        var rotation = Rotation(RotationRecord(id: "r", plan: plan, startedAt: now))
        _ = rotation.handle(.begin, at: now)
        try prove(&rotation, "k1", at: now)
        #expect(rotation.record.step == .deliver)
        return rotation
    }

    func prove(_ rotation: inout Rotation, _ keyId: String, at date: Date) throws {
        let key = try #require(World(plan: makePlan()).fingerprint(5))
        let end = date + 180 * 86_400
        _ = rotation.handle(.added(keyId: keyId, notBefore: date, notAfter: end, fingerprint: key), at: date)
        _ = rotation.handle(.listed([]), at: date)
        for _ in 0..<3 { _ = rotation.handle(.proved, at: date) }
    }

    func applying(_ plan: Plan) throws -> Rotation {
        var rotation = try delivering(plan)
        for index in plan.deliveries.indices {
            _ = rotation.handle(.stored(index, version: nil), at: now)
            if plan.deliveries[index].isReadable {
                _ = rotation.handle(.readBack(index, matches: true), at: now)
            }
        }
        #expect(rotation.record.step == .apply)
        return rotation
    }

    @Test func aRemovalThatIsSlowDoesNotAddASecondCredential() throws {
        // The first credential's secret is lost after a put; the second is refused by AKS while the first is
        // still being removed.
        var rotation = Rotation(try delivering(makePlan(sinks: [false])).record)
        _ = rotation.handle(.resume, at: now)
        try prove(&rotation, "k2", at: now)
        let effects = rotation.handle(.stored(0, version: nil), at: now)
        #expect(effects.contains(.remove(keyId: "k1")))
        _ = rotation.handle(.resetFailed(0, Failure(.badCharacters, "no")), at: now)
        #expect(rotation.record.attempts.count == 3)
        #expect(rotation.handle(.removed(keyId: "k1"), at: now) == [])
        #expect(rotation.record.attempts.count == 3)
    }

    @Test func aClusterThatWasOutOfSightIsLookedAtBeforeItIsSentTheSecretAgain() throws {
        // Its operation failed while nobody watched, and then somebody gave it another identity.
        var rotation = try applying(makePlan(sinks: [true]))
        _ = rotation.handle(.resetAccepted(0, operation: "1"), at: now)
        rotation = Rotation(rotation.record)
        let later = now + 3_600
        #expect(rotation.handle(.resume, at: later) == [.follow(0, operation: "1")])
        let failed = Event.operation(0, .failed(Failure(.unavailable, "InternalError")))
        #expect(rotation.handle(failed, at: later) == [.examine(0)])
        _ = rotation.handle(.consumerFailed(0, Failure(.notFound, "it is gone")), at: later)
        #expect(rotation.record.consumers[0].stage == .gone)
        #expect(rotation.record.step != .apply)
    }

    @Test func aListThatFailsIsNoProofOfBeingAlone() throws {
        var rotation = Rotation(RotationRecord(id: "r", plan: makePlan(), startedAt: now))
        _ = rotation.handle(.begin, at: now)
        let key = try #require(World(plan: makePlan()).fingerprint(5))
        let added = Event.added(keyId: "k1", notBefore: now, notAfter: now + 9e6, fingerprint: key)
        _ = rotation.handle(added, at: now)
        for _ in 0..<3 { _ = rotation.handle(.proved, at: now) }
        let waits = rotation.handle(.listFailed(Failure(.unavailable, "503")), at: now)
        #expect(waits.count == 1)
        #expect(rotation.handle(.woke(.list), at: now) == [.list])
        let gives = rotation.handle(.listFailed(Failure(.forbidden, "403")), at: now)
        #expect(gives == [.forgetSecret, .remove(keyId: "k1")])
    }

    @Test func aClusterThatIsWellAgainAfterACrashIsSentTheSecretAgain() throws {
        var rotation = try applying(makePlan())
        _ = rotation.handle(.resetAccepted(0, operation: "/o"), at: now)
        var resumed = Rotation(rotation.record)
        _ = resumed.handle(.resume, at: now + 7_200)
        for _ in 0..<4 where resumed.record.consumers[0].stage != .pending {
            _ = resumed.handle(.operation(0, .unknown), at: now + 7_200)
            _ = resumed.handle(.consumer(0, .settled), at: now + 7_200)
        }
        #expect(resumed.record.consumers[0].stage == .pending)
    }

    @Test func aClusterThatWasWatchedIsBelieved() throws {
        var rotation = try applying(makePlan())
        _ = rotation.handle(.resetAccepted(0, operation: "/o"), at: now)
        _ = rotation.handle(.operation(0, .unknown), at: now + 10)
        _ = rotation.handle(.consumer(0, .settled), at: now + 20)
        #expect(rotation.record.consumers[0].stage == .applied)
    }

    @Test func aClusterThatIsGoneNeedsNothing() throws {
        var rotation = try applying(makePlan(clusters: 2))
        #expect(rotation.handle(.resetFailed(0, Failure(.notFound, "404")), at: now) == [.examine(0)])
        _ = rotation.handle(.consumerFailed(0, Failure(.notFound, "deleted")), at: now)
        _ = rotation.handle(.resetAccepted(1, operation: nil), at: now)
        _ = rotation.handle(.consumer(1, .settled), at: now)
        #expect(rotation.record.consumers.map(\.stage) == [.gone, .applied])
        #expect(rotation.record.outcome == .rotated)
    }

    @Test func twoConsumersOfOneClusterTakeTurns() throws {
        let plan = Plan(
            identity: identity,
            consumers: [.servicePrincipal, .entraApp].map { kind in
                Consumer(name: "c", resourceId: "/c", kind: kind, clientAppId: "client")
            },
            deliveries: makePlan(sinks: [true]).deliveries, policy: Policy())
        var rotation = try delivering(plan)
        _ = rotation.handle(.stored(0, version: nil), at: now)
        #expect(rotation.handle(.readBack(0, matches: true), at: now) == [.reset(0)])
        _ = rotation.handle(.resetAccepted(0, operation: nil), at: now)
        #expect(rotation.handle(.consumer(0, .settled), at: now) == [.reset(1)])
    }

    @Test func aSecretThatNoSinkGivesBackIsKeptUntilTheClusterHasIt() throws {
        var rotation = try applying(makePlan(sinks: [false]))
        let effects = rotation.handle(.resetAccepted(0, operation: "/o"), at: now)
        #expect(effects == [.follow(0, operation: "/o")])
        _ = rotation.handle(.operation(0, .failed(Failure(.notPropagated, "AADSTS7000215"))), at: now)
        #expect(rotation.handle(.woke(.reset(0)), at: now) == [.reset(0)])
    }

    @Test func aSecretThatExpiresSoonIsReplaced() throws {
        var rotation = Rotation(try delivering(makePlan()).record)
        let effects = rotation.handle(.resume, at: now + 160 * 86_400)
        #expect(rotation.record.attempts.count == 2)
        #expect(effects.first == .forgetSecret)
        #expect(rotation.record.attempts.first?.fate == .lost, "a sink may be handing it out")
    }

    @Test func aClockThatWentBackDoesNotShortenTheOverlap() throws {
        var rotation = try applying(makePlan())
        _ = rotation.handle(.resetAccepted(0, operation: nil), at: now - 86_400)
        _ = rotation.handle(.consumer(0, .settled), at: now - 86_400)
        #expect(rotation.record.appliedAt == now)
    }

    @Test func aRotationThatStoodStillLooksAtTheClusterFirst() throws {
        var rotation = Rotation(try delivering(makePlan(sinks: [true])).record)
        _ = rotation.handle(.resume, at: now + 3_600)
        _ = rotation.handle(.loaded(0, matches: true), at: now + 3_600)
        _ = rotation.handle(.stored(0, version: nil), at: now + 3_600)
        let effects = rotation.handle(.readBack(0, matches: true), at: now + 3_600)
        #expect(effects == [.examine(0)])
        #expect(rotation.handle(.consumer(0, .settled), at: now + 3_600) == [.reset(0)])
    }
}

@Suite("The ledger")
struct LedgerTests {
    let now = Date(timeIntervalSince1970: 1_800_000_000)

    @Test func aRotationBeginsAfterEveryOther() {
        let record = RotationRecord(id: "r", plan: makePlan(), startedAt: now)
        #expect(Ledger([]).start(at: now) == now)
        #expect(Ledger([record]).start(at: now - 86_400) > now)
        #expect(Ledger([record]).start(at: now + 1) == now + 1)
    }

    @Test func nothingIsRetiredWhileARotationIsUnfinished() {
        var world = World(plan: makePlan())
        world.run(.begin)
        let open = world.stored
        #expect(Ledger([open]).duties == [open])
        var later = Rotation(RotationRecord(id: "s", plan: makePlan(), startedAt: now + 9e6))
        _ = later.handle(.begin, at: now + 9e6)
        #expect(Ledger([open, later.record]).duties == [later.record])
    }
}
