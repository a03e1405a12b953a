import FoundationEssentials
import Testing

@testable import Rotation

private let made = Identity(appId: "new", tenant: "tenant", object: .application, objectId: "new-object")
private let start = Date(timeIntervalSince1970: 1_800_000_000)

private func makeReplacing(grants: Int = 2, wait: TimeInterval = 0) -> Plan {
    let plan = makePlan(predecessors: ["old"]) { $0.replaceWait = wait }
    return Plan(
        identity: plan.identity, consumers: plan.consumers, deliveries: plan.deliveries, policy: plan.policy,
        predecessors: plan.predecessors,
        replacement: Replacement(
            displayName: "credferry-c0",
            grants: (0..<grants).map {
                Grant(name: "g\($0)", scope: "/s", roleDefinitionId: "/r\($0)", role: "Reader")
            }))
}

/// A machine whose effects a test answers one by one.
private struct Conversation {
    var rotation: Rotation
    var now = start

    init(_ plan: Plan) {
        rotation = Rotation(RotationRecord(id: "r", plan: plan, startedAt: start))
    }

    @discardableResult
    mutating func tell(_ event: Event, after seconds: TimeInterval = 0.1) -> [Effect] {
        now += seconds
        return rotation.handle(event, at: now)
    }

    /// Another process goes on from what is stored.
    mutating func restart() -> [Effect] {
        rotation = Rotation(rotation.record)
        return tell(.resume)
    }

    /// Goes on to the point where the new identity is usable.
    mutating func provision() {
        tell(.begin)
        tell(.applicationMade(made))
        tell(.principalMade("principal"))
        for index in 0..<(rotation.record.plan.replacement?.grants.count ?? 0) { tell(.granted(index)) }
    }

    var failure: Failure? {
        if case .failed(let failure) = rotation.record.outcome { failure } else { nil }
    }
}

private func isAdd(_ effect: Effect?) -> Bool {
    if case .add = effect { true } else { false }
}

private func sleepEnd(_ effects: [Effect]) -> Date? {
    if effects.count == 1, case .sleep(let date, .provision) = effects[0] { date } else { nil }
}

@Suite("A new identity")
struct ProvisionTests {
    @Test func isMadeStepByStepBeforeACredentialIsAdded() {
        var talk = Conversation(makeReplacing())
        #expect(talk.tell(.begin) == [.makeApplication(displayName: "credferry-c0")])
        #expect(talk.rotation.record.step == .provision)
        #expect(talk.rotation.record.isUnfinished)
        #expect(talk.tell(.applicationMade(made)) == [.makePrincipal])
        #expect(talk.tell(.principalMade("principal")) == [.grant(0)])
        #expect(talk.tell(.granted(0)) == [.grant(1)])
        #expect(isAdd(talk.tell(.granted(1)).first))
        #expect(talk.rotation.record.identity == made)
        #expect(talk.rotation.record.former == identity)
        #expect(talk.rotation.record.appIds == ["app", "new"])
    }

    @Test func isNotUsedBeforeThePolicysWaitIsOver() throws {
        var talk = Conversation(makeReplacing(grants: 1, wait: 1_800))
        talk.tell(.begin)
        talk.tell(.applicationMade(made))
        talk.tell(.principalMade("principal"))
        let end = try #require(sleepEnd(talk.tell(.granted(0))))
        #expect(end == talk.now + 1_800)
        #expect(sleepEnd(talk.tell(.woke(.provision), after: 60)) == end, "it woke early, and waits again")
        #expect(sleepEnd(talk.restart()) == end, "another process waits no longer")
        #expect(isAdd(talk.tell(.woke(.provision), after: 1_800).first))
    }

    @Test func isNotMadeTwiceAfterALostAnswer() {
        var talk = Conversation(makeReplacing())
        talk.tell(.begin)
        let lost = Failure(.answerLost, "lost")
        #expect(talk.tell(.makeFailed(lost)) == [.findApplication(displayName: "credferry-c0")])
        #expect(talk.tell(.applicationFound(made)) == [.makePrincipal])
    }

    @Test func isLookedForUntilTheDirectoryMustKnowIt() throws {
        var talk = Conversation(makeReplacing())
        talk.tell(.begin)
        #expect(talk.restart() == [.findApplication(displayName: "credferry-c0")])
        #expect(sleepEnd(talk.tell(.applicationFound(nil))) != nil)
        #expect(talk.tell(.woke(.provision)) == [.findApplication(displayName: "credferry-c0")])
        let effects = talk.tell(.applicationFound(nil), after: 901)
        #expect(effects == [.makeApplication(displayName: "credferry-c0-2")])
    }

    @Test func replicationIsWaitedFor() throws {
        var talk = Conversation(makeReplacing(grants: 1))
        let early = Failure(.notPropagated, "does not reference a valid application object")
        talk.tell(.begin)
        talk.tell(.applicationMade(made))
        #expect(sleepEnd(talk.tell(.principalFailed(early))) != nil)
        #expect(talk.tell(.woke(.provision), after: 1) == [.makePrincipal])
        talk.tell(.principalMade("principal"))
        #expect(sleepEnd(talk.tell(.grantFailed(0, Failure(.notPropagated, "PrincipalNotFound")))) != nil)
        #expect(talk.tell(.woke(.provision), after: 1) == [.grant(0)])
        talk.tell(.granted(0))
        let unknown = Failure(.notFound, "404")
        #expect(sleepEnd(talk.tell(.addFailed(unknown))) != nil)
        #expect(isAdd(talk.tell(.woke(.provision), after: 1).first))
        #expect(talk.rotation.record.attempts.count == 1)
    }

    @Test func replicationThatNeverEndsIsLeftToResume() {
        var talk = Conversation(makeReplacing())
        talk.tell(.begin)
        talk.tell(.applicationMade(made))
        let early = Failure(.notPropagated, "PrincipalNotFound")
        #expect(talk.tell(.principalFailed(early), after: 601) == [])
        #expect(talk.rotation.record.outcome == .unfinished(early))
        #expect(talk.restart() == [.makePrincipal])
    }

    @Test func aRefusalTakesItBack() {
        var talk = Conversation(makeReplacing())
        talk.tell(.begin)
        talk.tell(.applicationMade(made))
        talk.tell(.principalMade("principal"))
        #expect(talk.tell(.grantFailed(0, Failure(.forbidden, "403"))) == [.unmake])
        #expect(talk.restart() == [.unmake], "a crash in between changes nothing about that")
        #expect(talk.tell(.unmade) == [])
        #expect(talk.failure?.kind == .forbidden)
        #expect(talk.rotation.record.step == .ended)
    }

    @Test func whatWasNotMadeIsNotTakenBack() {
        var talk = Conversation(makeReplacing())
        talk.tell(.begin)
        #expect(talk.tell(.makeFailed(Failure(.forbidden, "403"))) == [])
        #expect(talk.failure?.kind == .forbidden)
    }

    @Test func aSecretThatIsNeverAcceptedTakesItBack() {
        var talk = Conversation(makeReplacing(grants: 0))
        talk.provision()
        #expect(talk.tell(.addFailed(Failure(.forbidden, "403"))) == [.unmake])
        talk.tell(.unmade)
        #expect(talk.failure?.kind == .forbidden)
    }
}

@Suite("A new Entra server application")
struct EntraProvisionTests {
    private let client = Identity(appId: "client", tenant: "tenant", object: .application, objectId: "c")

    private func begin() -> Conversation {
        let plan = makePlan()
        return Conversation(
            Plan(
                identity: plan.identity, consumers: plan.consumers, deliveries: plan.deliveries,
                policy: plan.policy,
                replacement: Replacement(
                    displayName: "server", grants: [],
                    entra: EntraIntegration(clientDisplayName: "client", scopeId: "scope"))))
    }

    private func linked() -> Conversation {
        var talk = begin()
        talk.tell(.begin)
        for event in [
            Event.applicationMade(made), .principalMade("s"), .applicationMade(client), .principalMade("c"),
            .linked,
        ] { talk.tell(event) }
        return talk
    }

    @Test func getsAClientBeforeACredential() {
        var talk = begin()
        #expect(talk.tell(.begin) == [.makeApplication(displayName: "server")])
        #expect(talk.tell(.applicationMade(made)) == [.makePrincipal])
        #expect(talk.tell(.principalMade("s")) == [.makeApplication(displayName: "client")])
        #expect(talk.restart() == [.findApplication(displayName: "client")])
        #expect(talk.tell(.applicationFound(client)) == [.makePrincipal])
        #expect(talk.tell(.principalMade("c")) == [.link])
        #expect(talk.restart() == [.link])
        #expect(talk.rotation.record.consumer(0).clientAppId == "client")
        #expect(
            talk.rotation.record.newApplication(named: "x").purpose
                == .entraClient(serverAppId: "new", scopeId: "scope"))
    }

    @Test func waitsForAnAdministratorsConsent() {
        var talk = linked()
        guard case .unfinished(let failure) = talk.rotation.record.outcome else {
            Issue.record("it goes on without consent")
            return
        }
        #expect(failure.kind == .forbidden)
        #expect(failure.hint?.contains("az ad app permission admin-consent --id new") == true)
        #expect(talk.restart() == [], "resuming alone is no consent")
        talk.rotation = Rotation(talk.rotation.record)
        #expect(isAdd(talk.tell(.consented).first))
    }

    @Test func consentGivenTooEarlyIsNone() {
        var talk = begin()
        talk.tell(.begin)
        talk.tell(.applicationMade(made))
        #expect(talk.tell(.consented) == [.makePrincipal])
        #expect(talk.rotation.record.provision?.consentedAt == nil)
    }
}

@Suite("A cluster with the former identity")
struct FormerIdentityTests {
    private func applying() -> Conversation {
        var talk = Conversation(makeReplacing(grants: 0))
        talk.provision()
        talk.rotation.record.step = .apply
        talk.rotation.record.attempts[0].keyId = "new-key"
        talk.rotation.memory.holdsSecret = true
        return talk
    }

    @Test func isSentTheSecretWhenARunGoesOn() {
        var talk = applying()
        #expect(talk.restart() == [.examine(0)])
        talk.rotation.memory.holdsSecret = true
        #expect(talk.tell(.consumer(0, .former)) == [.reset(0)])
    }

    @Test func doesNotHaveItAfterAnOperationThatEndedWell() {
        var talk = applying()
        talk.rotation.record.consumers[0].stage = .resetting
        #expect(
            talk.tell(.resetAccepted(0, operation: "https://o")).contains(.follow(0, operation: "https://o")))
        #expect(talk.tell(.operation(0, .succeeded)) == [.examine(0)])
        talk.tell(.consumer(0, .former))
        #expect(talk.rotation.record.consumers[0].stage != .applied)
        #expect(talk.rotation.record.consumers[0].failedOperations == 1)
    }
}

@Suite("What the journal knows of two identities")
struct ReplacingLedgerTests {
    private func record(_ id: String, _ change: (inout RotationRecord) -> Void = { _ in }) -> RotationRecord {
        var record = RotationRecord(id: id, plan: makeReplacing(), startedAt: start)
        record.provision = .init(displayName: "credferry-c0", intendedAt: start, identity: made)
        change(&record)
        return record
    }

    @Test func anUnfinishedReplacementIsFoundFromBoth() {
        let unfinished = record("a") { $0.step = .apply }
        for appId in ["app", "new", "NEW"] {
            #expect(Ledger([unfinished], of: appId).unfinished?.id == "a")
        }
        #expect(Ledger([unfinished], of: "app").appIds == ["app", "new"])
    }

    @Test func theCurrentCredentialIsTheNewIdentitysAlone() {
        let done = record("a") {
            $0.step = .overlap
            $0.appliedAt = start
            $0.attempts = [.init(displayName: "credferry-a-1", intendedAt: start, keyId: "key")]
        }
        #expect(Ledger([done], of: "new").current?.keyId == "key")
        #expect(Ledger([done], of: "new").origin?.id == "a")
        #expect(Ledger([done], of: "app").current == nil)
        #expect(Ledger([done], of: "app").origin == nil)
        #expect(
            Ledger([done], of: "new").predecessors == ["key"],
            "what is the former's stays with its own rotation")
        #expect(Ledger([done], of: "app").predecessors == [])
        #expect(Ledger([done], of: "app").duties.map(\.id) == ["a"])
    }

    @Test func anotherRotationWaitsForWhatIsStillLookedFor() {
        let sweeping = record("a") {
            $0.step = .retire
            $0.appliedAt = start
            $0.lostNames = [LostName(displayName: "credferry-a-1", since: start)]
        }
        #expect(Ledger([sweeping], of: "new").unswept?.id == "a")
        #expect(Ledger([sweeping], of: "app").unswept == nil)
        #expect(Ledger([record("a") { $0.step = .overlap }], of: "new").unswept == nil)
    }

    @Test func aRecordOfBeforeIsStillRead() throws {
        let plain = RotationRecord(id: "a", plan: makePlan(), startedAt: start)
        let text = String(decoding: try JSONEncoder().encode(plain), as: UTF8.self)
        #expect(!text.contains("provision") && !text.contains("replacement"))
        #expect(try JSONDecoder().decode(RotationRecord.self, from: Data(text.utf8)) == plain)
        let replacing = record("b")
        #expect(
            try JSONDecoder().decode(RotationRecord.self, from: try JSONEncoder().encode(replacing))
                == replacing)
    }
}

extension DriverTests {
    @Test func makesANewIdentity() async throws {
        let plan = makeReplacing()
        let journal = MemoryJournal(log)
        let record = RotationRecord(
            id: "r",
            plan: Plan(
                identity: plan.identity, consumers: plan.consumers,
                deliveries: plan.deliveries.filter { $0.sink != "s2" }, policy: plan.policy,
                replacement: plan.replacement), startedAt: .now)
        let after = try await run(record, .begin, journal)
        #expect(after.outcome == .rotated)
        #expect(after.identity.appId == "made-1")
        let order = [
            "journal make application", "make credferry-c0", "journal make service principal",
            "principal made-1", "journal grant", "give g0 principal", "give g1 principal", "journal add",
            "add k1", "reset c0 secret-1",
        ]
        let places = try order.map { line in try #require(log.all.firstIndex(of: line), "\(line)") }
        #expect(places == places.sorted())
    }
}
