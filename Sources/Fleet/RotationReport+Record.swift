import Rotation
import SinkCore

extension RotationReport {
    /// What a rotation's record says of one target.
    ///
    /// - Parameters:
    ///   - cluster: the target's name; the record may be about several.
    ///   - applies: whether credferry applies it, or a pipeline.
    init(_ record: RotationRecord, cluster: String, kind: CredentialKind, applies: Bool) {
        self.init(cluster: cluster, credential: kind, outcome: Self.outcome(record))
        appId = record.identity.appId
        replacement = Replacement(record.plan)
        keyId = record.current?.keyId
        notAfter = record.current?.notAfter.map(Timestamp.text)
        sinks = zip(record.plan.deliveries, record.deliveries)
            .filter { $0.0.cluster == cluster && $0.0.kind == kind }
            .map { SinkLine($0, $1) }
        consumers = zip(record.plan.consumers, record.consumers).map { ConsumerLine($0, $1) }
        if !applies {
            consumers.append(ConsumerLine(cluster: cluster, outcome: "delivered-only", reason: nil))
        }
        retire = Retire(
            keyIds: record.retirements.map(\.keyId), notBefore: record.retireNotBefore.map(Timestamp.text),
            done: record.retirements.allSatisfy { $0.removedAt != nil })
        explain(record)
    }

    private static func outcome(_ record: RotationRecord) -> Outcome {
        switch record.outcome {
        case .rotated, .superseded: .rotated
        case .failed: .failed
        case .unfinished, nil: .unfinished
        }
    }

    private mutating func explain(_ record: RotationRecord) {
        switch record.outcome {
        case .failed(let failure), .unfinished(let failure):
            reason = failure.message
            hint = failure.hint
            self.failure = failure.kind
        case .rotated, .superseded, nil:
            reason = record.retireFailure.map { "a previous credential could not be removed: \($0.message)" }
            hint = record.retireFailure.flatMap(\.hint)
        }
    }
}

extension RotationReport.SinkLine {
    init(_ delivery: Delivery, _ state: RotationRecord.DeliveryState) {
        let outcome =
            switch state.stage {
            case .confirmed: "delivered"
            case .failed: "failed"
            case .pending, .putting, .stored: "pending"
            }
        self.init(
            sink: delivery.sink, outcome: outcome, version: state.version, name: delivery.name,
            reason: state.failure?.message)
    }
}

extension RotationReport.ConsumerLine {
    init(_ consumer: Consumer, _ state: RotationRecord.ConsumerState) {
        let outcome =
            switch state.stage {
            case .applied: "applied"
            case .failed: "failed"
            case .gone: "gone"
            case .pending, .resetting, .following, .checking: "pending"
            }
        self.init(cluster: consumer.name, outcome: outcome, reason: state.failure?.message)
    }
}
