internal import FoundationEssentials
internal import SecretMemory
public import SinkCore
internal import Synchronization

/// What a driver tells those who watch a rotation.
public struct Progress: Sendable {
    /// The rotation as it is stored now.
    public let record: RotationRecord
    /// What happened.
    public let event: Event
    /// What is done next.
    public let effects: [Effect]
}

/// Carries out a rotation's effects and feeds their answers back into the machine.
///
/// After every event the record is written to the journal before one of its effects begins. The secret lives
/// in here alone, from the answer that shows it to the last cluster that accepts it.
public struct Driver: Sendable {
    let directory: any Directory
    let identities: any Identities
    let clusters: any Clusters
    let sinks: [String: any Sink]
    let journal: any RotationJournal
    let clock: any RotationClock
    let observe: @Sendable (Progress) -> Void

    /// Puts a driver together.
    ///
    /// - Parameter sinks: the sinks of the plan's deliveries, by their names in the configuration.
    public init(
        directory: any Directory, identities: any Identities, clusters: any Clusters,
        sinks: [String: any Sink],
        journal: any RotationJournal, clock: any RotationClock = SystemClock(),
        observe: @escaping @Sendable (Progress) -> Void = { _ in }
    ) {
        self.directory = directory
        self.identities = identities
        self.clusters = clusters
        self.sinks = sinks
        self.journal = journal
        self.clock = clock
        self.observe = observe
    }

    /// Takes a rotation as far as it goes, from `event` on.
    ///
    /// - Parameter waitsForOverlap: whether to stay until the overlap is over, and retire.
    /// - Returns: the record as it is stored when nothing is left under way.
    /// - Throws: what the journal throws. What was begun before is finished and forgotten; the stored record
    ///   has its intent, so `resume` finds it.
    public func run(
        _ record: RotationRecord, _ event: Event, waitsForOverlap: Bool = false
    ) async throws -> RotationRecord {
        var rotation = Rotation(record)
        rotation.waitsForOverlap = waitsForOverlap
        let custody = Custody()
        return try await withThrowingTaskGroup(of: Event.self) { group in
            var next: Event? = event
            while let event = next {
                let now = clock.now
                let before = rotation.record
                let effects = rotation.handle(event, at: now)
                let entries = History.entries(event, effects, before, rotation.record, at: now)
                if rotation.record != before || !entries.isEmpty {
                    try journal.save(rotation.record, entries: entries)
                }
                observe(Progress(record: rotation.record, event: event, effects: effects))
                for effect in effects {
                    if effect == .forgetSecret { custody.secret = nil }
                    guard effect.isAnswered else { continue }
                    let current = rotation.record
                    group.addTask { await perform(effect, current, custody) }
                }
                next = try await group.next()
            }
            return rotation.record
        }
    }

    private func perform(_ effect: Effect, _ record: RotationRecord, _ custody: Custody) async -> Event {
        switch effect {
        case .findApplication, .makeApplication, .makePrincipal, .link, .grant, .unmake:
            await provision(effect, record)
        case .add(let displayName, let notAfter):
            await add(displayName, notAfter, record, custody)
        case .list:
            await answer { () async throws(Failure) in
                .listed(try await credentials(record))
            } orElse: {
                .listFailed($0)
            }
        case .prove:
            await answer { () async throws(Failure) in
                try await directory.prove(try custody.shared().secret, of: record.identity)
                return .proved
            } orElse: {
                .proofFailed($0)
            }
        case .put(let index): await put(index, record, custody)
        case .readBack(let index): await readBack(index, record, custody)
        case .load(let index): await load(index, record, custody)
        case .reset(let index):
            await answer { () async throws(Failure) in
                let operation = try await clusters.reset(
                    record.consumer(index), to: try custody.shared().secret, of: record.identity)
                return .resetAccepted(index, operation: operation)
            } orElse: {
                .resetFailed(index, $0)
            }
        case .follow(let index, let operation):
            await answer { () async throws(Failure) in
                .operation(index, try await clusters.operation(operation, of: record.plan.consumers[index]))
            } orElse: { _ in
                .operation(index, .unknown)
            }
        case .examine(let index):
            await answer { () async throws(Failure) in
                let consumer = record.plan.consumers[index]
                return .consumer(
                    index,
                    try await clusters.health(
                        of: consumer, for: record.identity, inPlaceOf: record.former))
            } orElse: {
                .consumerFailed(index, $0)
            }
        case .remove(let keyId):
            await answer { () async throws(Failure) in
                try await remove(keyId, record)
                return .removed(keyId: keyId)
            } orElse: {
                .removeFailed(keyId: keyId, $0)
            }
        case .sleep(let date, let timer):
            await sleep(date, timer)
        case .forgetSecret:
            preconditionFailure("forgetting has no answer")
        }
    }

    private func sleep(_ date: Date, _ timer: Timer) async -> Event {
        await clock.sleep(until: date)
        return .woke(timer)
    }

    func answer(
        _ body: () async throws(Failure) -> Event, orElse failed: (Failure) -> Event
    ) async -> Event {
        do {
            return try await body()
        } catch {
            return failed(error)
        }
    }

    private func add(
        _ displayName: String, _ notAfter: Date, _ record: RotationRecord, _ custody: Custody
    ) async -> Event {
        await answer { () async throws(Failure) in
            let added = try await directory.addCredential(
                displayName: displayName, notAfter: notAfter, to: record.identity)
            custody.secret = added.secret
            return .added(
                keyId: added.keyId, notBefore: added.notBefore, notAfter: added.notAfter,
                fingerprint: journal.fingerprintKey.fingerprint(of: added.secret.secret))
        } orElse: {
            .addFailed($0)
        }
    }

    // MARK: Sinks

    private func put(_ index: Int, _ record: RotationRecord, _ custody: Custody) async -> Event {
        let delivery = record.plan.deliveries[index]
        return await answer { () async throws(Failure) in
            let secret = try custody.shared()
            let (sink, metadata) = (try sink(delivery), try record.metadata(of: delivery))
            do throws(SinkError) {
                let version = try await sink.put(secret.secret, as: delivery.name, metadata: metadata)
                return .stored(index, version: version)
            } catch {
                throw Failure(error, sink: delivery.sink)
            }
        } orElse: {
            .putFailed(index, $0)
        }
    }

    private func readBack(_ index: Int, _ record: RotationRecord, _ custody: Custody) async -> Event {
        let delivery = record.plan.deliveries[index]
        return await answer { () async throws(Failure) in
            let secret = try custody.shared()
            let sink = try sink(delivery)
            do throws(SinkError) {
                let stored = try await sink.get(delivery.name)
                return .readBack(index, matches: stored.secret.isEqual(to: secret.secret))
            } catch {
                throw Failure(error, sink: delivery.sink)
            }
        } orElse: {
            .readBackFailed(index, $0)
        }
    }

    private func load(_ index: Int, _ record: RotationRecord, _ custody: Custody) async -> Event {
        let delivery = record.plan.deliveries[index]
        return await answer { () async throws(Failure) in
            let sink = try sink(delivery)
            do throws(SinkError) {
                let stored = try await sink.get(delivery.name)
                let fingerprint = journal.fingerprintKey.fingerprint(of: stored.secret)
                guard fingerprint == record.current?.fingerprint else {
                    return .loaded(index, matches: false)
                }
                custody.secret = SharedSecret(stored.secret.clone())
                return .loaded(index, matches: true)
            } catch {
                if error.code == .notFound { return .loaded(index, matches: false) }
                throw Failure(error, sink: delivery.sink)
            }
        } orElse: {
            .loadFailed(index, $0)
        }
    }

    private func sink(_ delivery: Delivery) throws(Failure) -> any Sink {
        guard let sink = sinks[delivery.sink] else {
            throw Failure(
                .invalid,
                "sink \(delivery.sink), which this rotation delivers to, is not configured any more",
                hint: "put it back into the configuration, then run `credferry resume`")
        }
        return sink
    }
}

/// The one place that holds a rotation's secret.
private final class Custody: Sendable {
    private let held = Mutex<SharedSecret?>(nil)

    var secret: SharedSecret? {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }

    func shared() throws(Failure) -> SharedSecret {
        guard let secret else { throw Failure(.secretLost, "the secret is not at hand") }
        return secret
    }
}

extension RotationRecord {
    /// What goes into a sink beside the secret of the current credential.
    func metadata(of delivery: Delivery) throws(Failure) -> Metadata {
        guard let current, let keyId = current.keyId, let notAfter = current.notAfter else {
            throw Failure(.invalid, "rotation \(id) has no credential to deliver")
        }
        return Metadata(
            appId: identity.appId, tenant: identity.tenant, keyId: keyId, cluster: delivery.cluster,
            credential: delivery.kind.rawValue, notAfter: notAfter,
            clientAppId: provision?.client?.identity?.appId ?? delivery.clientAppId)
    }
}

extension Failure {
    /// A sink's error, as the machine tells failures apart.
    public init(_ error: SinkError, sink: String) {
        let kind: Kind =
            switch error.code {
            case .notFound: .notFound
            case .locked: .locked
            case .denied: .denied
            case .forbidden: .forbidden
            case .unavailable: .unavailable
            case .refused, .unsupported, .broken: .invalid
            }
        self.init(kind, "sink \(sink): \(error.message)", hint: error.hint)
    }
}
