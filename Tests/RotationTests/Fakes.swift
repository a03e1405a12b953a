import FoundationEssentials
import SecretMemory
import SinkCore
import Synchronization

@testable import Rotation

/// The text of a secret made by a test.
func text(_ secret: borrowing Secret) -> String {
    secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
}

func makeSecret(_ text: String) -> Secret {
    var buffer = SecretBuffer()
    buffer.append(text)
    return buffer.finish()
}

/// What happened, in order, across all of the fakes below.
final class Log: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

/// A sink in memory.
final class MemorySink: Sink {
    let log: Log
    let name: String
    let capabilities: Set<SinkCapability> = [.put, .get]
    private let stored = Mutex<[String: SharedSecret]>([:])

    init(_ name: String, _ log: Log) {
        self.name = name
        self.log = log
    }

    func content(_ name: String) -> String? {
        stored.withLock { $0[name] }.map { text($0.secret) }
    }

    func put(
        _ secret: borrowing Secret, as name: String, metadata: Metadata
    ) async throws(SinkError) -> String? {
        let copy = SharedSecret(secret.clone())
        stored.withLock { $0[name] = copy }
        log.add("put \(self.name) \(metadata.keyId)")
        return "v1"
    }

    func get(_ name: String) async throws(SinkError) -> StoredSecret {
        guard let found = stored.withLock({ $0[name] }) else { throw SinkError(.notFound, "nothing there") }
        return StoredSecret(secret: found.secret.clone(), version: "v1")
    }
}

/// A directory in memory, whose secrets are `secret-1`, `secret-2` and so on.
final class MemoryDirectory: Directory {
    let log: Log
    private let credentials = Mutex<[Listed]>([])
    init(_ log: Log) { self.log = log }

    var keyIds: [String] { credentials.withLock { $0.map(\.keyId) } }

    func addCredential(
        displayName: String, notAfter: Date, to identity: Identity
    ) async throws(Failure) -> AddedCredential {
        let number = credentials.withLock { list in
            list.append(
                Listed(
                    keyId: "k\(list.count + 1)", displayName: displayName, notBefore: .now, notAfter: notAfter
                ))
            return list.count
        }
        log.add("add k\(number)")
        return AddedCredential(
            keyId: "k\(number)", notBefore: .now, notAfter: notAfter,
            secret: SharedSecret(makeSecret("secret-\(number)")))
    }

    func credentials(of identity: Identity) async throws(Failure) -> [Listed] { credentials.withLock { $0 } }

    func removeCredential(_ keyId: String, from identity: Identity) async throws(Failure) {
        credentials.withLock { list in list.removeAll { $0.keyId == keyId } }
        log.add("remove \(keyId)")
    }

    func prove(_ secret: borrowing Secret, of identity: Identity) async throws(Failure) {
        log.add("prove \(text(secret))")
    }
}

/// Makes identities that are `made-1`, `made-2` and so on.
final class MemoryIdentities: Identities {
    let log: Log
    private let made = Mutex<[String]>([])

    init(_ log: Log) { self.log = log }

    private func identity(_ number: Int, _ tenant: String) -> Identity {
        Identity(appId: "made-\(number)", tenant: tenant, object: .application, objectId: "object-\(number)")
    }

    func application(named displayName: String, in tenant: String) async throws(Failure) -> Identity? {
        log.add("find \(displayName)")
        return made.withLock { $0.firstIndex(of: displayName) }.map { identity($0 + 1, tenant) }
    }

    func make(_ application: NewApplication, in tenant: String) async throws(Failure) -> Identity {
        let number = made.withLock { made in
            made.append(application.displayName)
            return made.count
        }
        log.add("make \(application.displayName)")
        return identity(number, tenant)
    }

    func makePrincipal(of identity: Identity) async throws(Failure) -> String {
        log.add("principal \(identity.appId)")
        return "principal"
    }

    func link(_ client: Identity, to server: Identity, scopeId: String) async throws(Failure) {
        log.add("link \(client.appId) \(server.appId)")
    }

    func give(_ grant: Grant, to principalId: String) async throws(Failure) {
        log.add("give \(grant.name) \(principalId)")
    }

    func unmake(_ identity: Identity, grants: [Grant]) async throws(Failure) {
        log.add("unmake \(identity.appId)")
    }
}

/// A cluster in memory.
final class MemoryClusters: Clusters {
    let log: Log
    init(_ log: Log) { self.log = log }

    func reset(
        _ consumer: Consumer, to secret: borrowing Secret, of identity: Identity
    ) async throws(Failure) -> String? {
        log.add("reset \(consumer.name) \(text(secret))")
        return "https://operation"
    }

    func operation(_ url: String, of consumer: Consumer) async throws(Failure) -> OperationState {
        log.add("follow \(url)")
        return .succeeded
    }

    func health(
        of consumer: Consumer, for identity: Identity, inPlaceOf former: Identity?
    ) async throws(Failure) -> ConsumerHealth {
        .settled
    }
}

/// A journal in memory that can be told to fail at its n-th write.
final class MemoryJournal: RotationJournal {
    struct Full: Error {}
    let log: Log
    let fingerprintKey = FingerprintKey(FingerprintKey.makeKey())
    private let failsAt: Int?
    private let saves = Mutex<[RotationRecord]>([])

    init(_ log: Log, failsAt: Int? = nil) {
        self.log = log
        self.failsAt = failsAt
    }

    var last: RotationRecord? { saves.withLock { $0.last } }

    func save(_ record: RotationRecord, entries: [HistoryEntry]) throws {
        let count = saves.withLock { saves in
            if saves.count + 1 != failsAt { saves.append(record) }
            return saves.count
        }
        if let failsAt, count + 1 >= failsAt { throw Full() }
        for entry in entries { log.add("journal \(entry.what)") }
    }
}
