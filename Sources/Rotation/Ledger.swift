public import FoundationEssentials

/// What the journal knows of one identity, drawn from the records of its rotations.
public struct Ledger: Sendable {
    private let records: [RotationRecord]
    /// The identity that is asked about, in lower case; `nil` where all records are about one.
    private let appId: String?

    /// Reads the records of one identity, in any order.
    ///
    /// - Parameter appId: whose they are, where some are about two identities: a new one in place of another.
    public init(_ records: [RotationRecord], of appId: String? = nil) {
        self.appId = appId?.lowercased()
        self.records = records.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
    }

    /// The rotation that has to be finished before another begins.
    public var unfinished: RotationRecord? {
        records.last { $0.isUnfinished }
    }

    /// The last rotation whose secret every cluster has.
    public var latest: RotationRecord? {
        records.last { $0.appliedAt != nil && isAbout($0.identity) }
    }

    private func isAbout(_ identity: Identity) -> Bool {
        appId == nil || identity.appId.lowercased() == appId
    }

    /// The rotation that made the identity in place of another.
    public var origin: RotationRecord? {
        records.last { $0.former != nil && $0.appliedAt != nil && isAbout($0.identity) }
    }

    /// Every application id that one of the rotations with something left to do is about.
    public var appIds: Set<String> {
        Set(records.filter { $0.step != .ended }.flatMap(\.appIds))
    }

    /// The rotations that have something left to do, and are not unfinished.
    public var open: [RotationRecord] {
        records.filter { !$0.isUnfinished && $0.step != .ended }
    }

    /// The rotations that a new one takes over from, once it is applied.
    ///
    /// One that put a new identity in place of another is about both: it keeps its own duties to their end.
    private var inherited: [RotationRecord] {
        open.filter { $0.former == nil }
    }

    /// The rotation that put the identity in place of another, where it still looks for a credential that was perhaps
    /// added: another rotation has to wait.
    ///
    /// What tells it that a replica knows all is its own credential, which the next rotation would retire.
    public var unswept: RotationRecord? {
        open.first { $0.former != nil && !$0.lostNames.isEmpty && isAbout($0.identity) }
    }

    /// What `resume` works on: the rotation that stands still, or else whatever has something left to do.
    ///
    /// Nothing is retired while a rotation is unfinished: it may know of consumers that hold an older secret and
    /// that the rotations before it did not know.
    public var duties: [RotationRecord] {
        unfinished.map { [$0] } ?? open
    }

    /// When a rotation that begins at `now` is said to have begun: after every other, whatever the clock says.
    ///
    /// Which rotation was the last, and so whose credential is in use, is told by the order of their starts.
    public func start(at now: Date) -> Date {
        guard let last = records.last?.startedAt else { return now }
        return max(now, last + 0.001)
    }

    /// The credential that credferry applied last.
    public var current: RotationRecord.Attempt? { latest?.current }

    /// The credentials that a new rotation replaces: the one in use, and what is not yet retired (R5: each
    /// was added by credferry, or adopted).
    public var predecessors: [String] {
        var keyIds = inherited.flatMap { record in
            record.retirements.filter { $0.removedAt == nil }.map(\.keyId)
                + record.attempts.filter { $0.fate == .lost }.compactMap(\.keyId)
        }
        if let current = current?.keyId { keyIds.append(current) }
        var seen: Set<String> = []
        return keyIds.filter { seen.insert($0).inserted }
    }

    /// Names of credentials that were perhaps added, and have neither been found nor given up.
    public var lostNames: [LostName] {
        inherited.flatMap(\.lostNames)
    }

    /// Whether credferry added the credential of this key id or name.
    public func isOurs(_ credential: Listed) -> Bool {
        records.contains { record in
            record.attempts.contains { attempt in
                attempt.keyId == credential.keyId || attempt.displayName == credential.displayName
            }
        }
    }

    /// What a credential of the identity is to credferry.
    public func standing(of credential: Listed) -> Standing {
        if credential.keyId == current?.keyId { return .current }
        for record in records.reversed() {
            if let retirement = record.retirements.first(where: { $0.keyId == credential.keyId }),
                retirement.removedAt == nil, record.step != .ended
            {
                return .superseded(retireNotBefore: record.retireNotBefore)
            }
            for attempt in record.attempts
            where attempt.keyId == credential.keyId || attempt.displayName == credential.displayName {
                switch attempt.fate {
                case .inUse where record.isUnfinished: return .underWay
                case .inUse, .retiring: return .superseded(retireNotBefore: record.retireNotBefore)
                case .lost, .removed: return .lost
                }
            }
        }
        return .foreign
    }

    /// What a credential is to credferry.
    public enum Standing: Sendable, Equatable {
        /// It was applied last.
        case current
        /// An unfinished rotation works with it.
        case underWay
        /// It goes when the overlap is over.
        case superseded(retireNotBefore: Date?)
        /// credferry added it and lost its secret; it goes.
        case lost
        /// Others added it, and nobody has adopted it: credferry leaves it alone.
        case foreign
    }
}
