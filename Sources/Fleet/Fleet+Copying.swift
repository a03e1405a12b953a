internal import FoundationEssentials
internal import Journal
internal import Rotation
internal import SecretMemory
public import Settings
internal import SinkCore

/// What was carried from one sink to another.
public struct CopyReport: Codable, Sendable, Equatable {
    /// The cluster's or identity's name in the configuration.
    public let cluster: String
    /// Which credential of it.
    public let credential: String
    /// The credential whose secret it is.
    public let keyId: String
    /// The sink that it was read from.
    public let from: String
    /// The sink that has it now.
    public let to: String
    /// The name that it has there.
    public let name: String
    /// The store's own name for what was written.
    public let version: String?
}

extension Fleet {
    /// Carries the current secret of a target from one sink to another, and reads it back there.
    ///
    /// A secret that is not the one applied last is refused: its credential may retire any time, and then the
    /// sink would hand out a dead secret (R1).
    ///
    /// - Throws: ``FleetError``; `JournalError` where a rotation of the identity is under way.
    public func copy(_ target: Target, from origin: String, to destination: String) async throws -> CopyReport
    {
        let sink = try sinks.sink(destination)
        let source = try source(target)
        let reading = try await read(target, from: origin)
        guard let metadata = reading.stored.metadata else {
            throw FleetError(
                .failure(.invalid),
                "sink \(origin) keeps the secret alone, and \(destination) would not know whose it is",
                hint: "copy it from another sink")
        }
        let journal = try journal()
        let lock = try IdentityLock(metadata.appId, in: journal.folder)
        defer { withExtendedLifetime(lock) {} }
        let current = Ledger(try journal.records(of: metadata.appId), of: metadata.appId).current?.keyId
        guard current == nil || current == metadata.keyId else {
            throw FleetError(
                .failure(.mismatch),
                "sink \(origin) holds credential \(metadata.keyId), and \(current ?? "") was applied last",
                hint: "copy from a sink that has the current secret: \(source.sinks.joined(separator: ", "))")
        }
        let name = try await name(of: source, in: destination, target)
        do {
            try sink.check(name: name)
            func note(_ what: String) throws {
                try journal.note(
                    [
                        HistoryEntry(
                            at: Date(), what: what, sink: destination, cluster: metadata.cluster,
                            keyId: metadata.keyId, detail: "from \(origin)")
                    ], of: metadata.appId)
            }
            try note("copy")
            let version = try await sink.put(reading.stored.secret, as: name, metadata: metadata)
            if sinks.isReadable(destination) {
                let stored = try await sink.get(name)
                guard stored.secret.isEqual(to: reading.stored.secret) else {
                    throw FleetError(
                        .failure(.mismatch),
                        "sink \(destination) gives back another secret for \(name) than was put",
                        hint: "see whether something else writes to it")
                }
            }
            try note("copy done")
            return CopyReport(
                cluster: metadata.cluster, credential: source.kind.rawValue, keyId: metadata.keyId,
                from: origin, to: destination, name: name, version: version)
        } catch let error as SinkError {
            throw FleetError(Failure(error, sink: destination))
        }
    }
}
