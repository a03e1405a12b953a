public import Journal
internal import Rotation
internal import SinkCore

/// The JSON of `history`.
public struct HistoryReport: Codable, Sendable, Equatable {
    /// One rotation.
    public struct Line: Codable, Sendable, Equatable {
        /// Its name; part of the display names of its credentials.
        public var id: String
        /// The identity's application id.
        public var appId: String
        /// What it delivers to: `CLUSTER/CREDENTIAL`, each once.
        public var targets: [String]
        /// When it began.
        public var startedAt: String
        /// When every cluster had the new secret.
        public var appliedAt: String?
        /// The step that it is at; `ended` where nothing is left to do.
        public var step: String
        /// `rotated`, `superseded`, `failed`, or `unfinished`.
        public var outcome: String
        /// The credential that it works with, or has put in place.
        public var keyId: String?
        /// The credentials that it has removed.
        public var removed: [String]
        /// Why it failed or stands still.
        public var reason: String?
        /// Every effect and its result, from the audit chain, oldest first.
        public var entries: [AuditRecord]
    }

    /// The rotations, oldest first.
    public var rotations: [Line]
    /// What was done outside of any rotation, oldest first.
    public var entries: [AuditRecord]
}

extension HistoryReport.Line {
    init(_ record: RotationRecord, _ entries: [AuditRecord]) {
        var seen: Set<String> = []
        id = record.id
        appId = record.identity.appId
        targets = record.plan.deliveries.map { "\($0.cluster)/\($0.kind.rawValue)" }
            .filter { seen.insert($0).inserted }
        startedAt = Timestamp.text(record.startedAt)
        appliedAt = record.appliedAt.map(Timestamp.text)
        step = record.step.rawValue
        switch record.outcome {
        case .rotated: (outcome, reason) = ("rotated", nil)
        case .superseded: (outcome, reason) = ("superseded", nil)
        case .failed(let failure): (outcome, reason) = ("failed", failure.message)
        case .unfinished(let failure): (outcome, reason) = ("unfinished", failure.message)
        case nil: (outcome, reason) = ("unfinished", nil)
        }
        keyId = record.current?.keyId
        removed = record.retirements.filter { $0.removedAt != nil }.map(\.keyId)
        self.entries = entries
    }
}
