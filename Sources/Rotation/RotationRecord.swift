public import FoundationEssentials
public import SecretMemory

/// Everything about a rotation that outlives the process: what the journal stores.
///
/// The record is written, and synced, before the effects that follow from it are carried out. So it always
/// says at least as much as has been done: an intent stands here before the call goes out.
public struct RotationRecord: Codable, Sendable, Equatable, Identifiable {
    /// The steps, in the order of a rotation that meets no trouble.
    public enum Step: String, Codable, Sendable, CaseIterable {
        /// Planned; nothing has been done.
        case plan
        /// A new identity is made, where one takes the place of the plan's.
        case provision
        /// A credential is being added.
        case add
        /// Entra is asked whether it accepts the new secret.
        case prove
        /// The secret is put into the sinks and read back.
        case deliver
        /// The clusters get the secret.
        case apply
        /// The previous credentials stay valid for a while.
        case overlap
        /// The previous credentials are removed.
        case retire
        /// Nothing is left to do.
        case ended
    }

    /// A unique name of the rotation; part of the display names of its credentials.
    public let id: String
    /// What it set out to do.
    public let plan: Plan
    /// When it began.
    public let startedAt: Date
    /// The step it is at.
    public internal(set) var step = Step.plan
    /// How far the making of a new identity is; `nil` where none is to be made, or before.
    public internal(set) var provision: Provision?
    /// The credentials that it added, or tried to add; the last is the one it works with.
    public internal(set) var attempts: [Attempt] = []
    /// How far each of the plan's deliveries is, in the plan's order.
    public internal(set) var deliveries: [DeliveryState]
    /// How far each of the plan's consumers is, in the plan's order.
    public internal(set) var consumers: [ConsumerState]
    /// When the last cluster had it, or the last sink where there is no cluster to apply to.
    public internal(set) var appliedAt: Date?
    /// The credentials to remove after the overlap.
    public internal(set) var retirements: [Retirement]
    /// Names of credentials that were perhaps added and have not been found.
    public internal(set) var lostNames: [LostName]
    /// How it ended, or why it stands still; `nil` while it is under way.
    public internal(set) var outcome: Outcome?
    /// Why something is left that should have been removed.
    public internal(set) var retireFailure: Failure?

    /// A rotation that has not begun.
    public init(id: String, plan: Plan, startedAt: Date) {
        self.id = id
        self.plan = plan
        self.startedAt = startedAt
        deliveries = plan.deliveries.map { _ in DeliveryState() }
        consumers = plan.consumers.map { _ in ConsumerState() }
        retirements = plan.predecessors.map { Retirement(keyId: $0) }
        lostNames = plan.lostNames
    }

    /// The credential that the rotation works with, or has put in place.
    public var current: Attempt? {
        attempts.last { $0.fate == .inUse }
    }

    /// When the previous credentials may be removed; `nil` before the new one is applied.
    public var retireNotBefore: Date? {
        appliedAt.map { $0 + plan.policy.overlap }
    }

    /// When the rotation wants to be looked at again; `nil` where nothing is left to do.
    public var nextDuty: Date? {
        guard let appliedAt, let retireNotBefore, step != .ended else { return nil }
        var duties = lostNames.map { $0.since + Self.sweepTime }
        if retirements.contains(where: { $0.removedAt == nil }) { duties.append(retireNotBefore) }
        if attempts.contains(where: { $0.fate == .lost }) { duties.append(appliedAt) }
        return duties.max()
    }

    /// Whether the steps up to apply are not all done.
    public var isUnfinished: Bool {
        switch step {
        case .plan, .provision, .add, .prove, .deliver, .apply: true
        case .overlap, .retire, .ended: false
        }
    }

    /// How long after its `addPassword` a lost credential may still turn up in Graph's lists.
    ///
    /// Replicas were seen to lag by seconds; a quarter of an hour is far beyond.
    static let sweepTime: TimeInterval = 900
}

extension RotationRecord {
    /// One credential that was added, or was perhaps added.
    public struct Attempt: Codable, Sendable, Equatable {
        /// What becomes of it.
        public enum Fate: String, Codable, Sendable {
            /// It is the one that the rotation works with.
            case inUse
            /// Its secret is gone, or no good, and no cluster can hold it: it is to be removed.
            case lost
            /// Its secret is gone or no good, and a cluster may hold it: it is among the retirements.
            case retiring
            /// It is known to be gone from the identity, or never was there.
            case removed
        }

        /// The unique name that it is added under.
        public let displayName: String
        /// When the intent to add it was written.
        public let intendedAt: Date
        /// Its id, once known.
        public var keyId: String?
        /// When it begins to be valid.
        public var notBefore: Date?
        /// When it expires.
        public var notAfter: Date?
        /// What its secret is recognised by in a sink.
        public var fingerprint: Fingerprint?
        /// What becomes of it.
        public var fate = Fate.inUse
        /// Whether a put of its secret had begun: a sink that cannot be read may be handing it out.
        public var wasPut = false
    }

    /// How far one delivery is.
    public struct DeliveryState: Codable, Sendable, Equatable {
        /// The stages of a delivery.
        public enum Stage: String, Codable, Sendable {
            /// Nothing was sent to the sink.
            case pending
            /// The secret is on its way, or perhaps there.
            case putting
            /// The sink has taken it; reading it back is left.
            case stored
            /// The sink has it for sure.
            case confirmed
            /// The sink has not taken it, and asking again is pointless for now.
            case failed
        }

        /// How far it is.
        public var stage = Stage.pending
        /// The store's own name for what was written.
        public var version: String?
        /// Why it failed last.
        public var failure: Failure?
    }

    /// How far one consumer is.
    public struct ConsumerState: Codable, Sendable, Equatable {
        /// The stages of an apply.
        public enum Stage: String, Codable, Sendable {
            /// Nothing was sent to the cluster.
            case pending
            /// The reset is on its way, or perhaps there.
            case resetting
            /// The cluster's operation is followed.
            case following
            /// The cluster is asked how it is.
            case checking
            /// The cluster has the secret.
            case applied
            /// The cluster has not taken it, and asking again is pointless for now.
            case failed
            /// The cluster does not exist any more, or has another identity: it needs nothing.
            case gone

            /// Whether nothing is under way.
            public var isFinal: Bool {
                switch self {
                case .applied, .failed, .gone: true
                case .pending, .resetting, .following, .checking: false
                }
            }
        }

        /// How far it is.
        public var stage = Stage.pending
        /// The URL of the operation whose end has not been seen.
        public var operation: String?
        /// When the reset that is followed was accepted.
        public var acceptedAt: Date?
        /// How often an operation of the cluster has failed.
        public var failedOperations = 0
        /// Whether what the cluster does now, or did last, is the rotation's own reset.
        public var isOurs = false
        /// Why it failed last, or is gone.
        public var failure: Failure?
        /// Whether the cluster may have been given the secret of the rotation's current credential.
        public var wasSent = false
    }

    /// One credential to remove.
    public struct Retirement: Codable, Sendable, Equatable {
        /// Which credential.
        public let keyId: String
        /// When it was removed, or found gone.
        public var removedAt: Date?
    }

    /// How a rotation ended, or why it stands still.
    public enum Outcome: Codable, Sendable, Equatable {
        /// All clusters have the new secret; retiring may be left to do.
        case rotated
        /// It failed, and has left nothing behind.
        case failed(Failure)
        /// It stands still where it is; `resume` goes on.
        case unfinished(Failure)
        /// A later rotation of the identity has taken over what was left to do.
        case superseded
    }
}

extension Fingerprint: Codable {
    /// Reads the hexadecimal digits.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let fingerprint = Fingerprint(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no fingerprint")
        }
        self = fingerprint
    }

    /// Writes the hexadecimal digits.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension RotationRecord {
    /// The same rotation after a later one of the identity, now applied, has taken over its duties.
    public func superseded() -> RotationRecord {
        var record = self
        record.step = .ended
        record.outcome = .superseded
        return record
    }
}
