import Rotation

/// A number for what a record looks like without its times and names, to count the distinct states of a run.
///
/// FNV-1a: unlike Swift's hashes it is the same in every process.
struct StateShape {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    init(_ record: RotationRecord) {
        add(RotationRecord.Step.allCases.firstIndex(of: record.step) ?? 0)
        for attempt in record.attempts {
            add(attempt.fate.rawValue)
            add((attempt.keyId == nil ? 0 : 1) + (attempt.wasPut ? 2 : 0))
        }
        add(-1)
        for delivery in record.deliveries {
            add(delivery.stage.rawValue)
            add(delivery.failure)
        }
        add(-2)
        for consumer in record.consumers {
            add(consumer.stage.rawValue)
            add((consumer.isOurs ? 1 : 0) + (consumer.wasSent ? 2 : 0) + (consumer.operation == nil ? 0 : 4))
            add(consumer.failedOperations)
            add(consumer.failure)
        }
        add(-3)
        for retirement in record.retirements { add(retirement.removedAt == nil ? 0 : 1) }
        add(record.lostNames.count)
        switch record.outcome {
        case nil: add(0)
        case .rotated: add(1)
        case .superseded: add(2)
        case .failed(let failure):
            add(3)
            add(failure)
        case .unfinished(let failure):
            add(4)
            add(failure)
        }
        add(record.retireFailure)
    }

    private mutating func add(_ failure: Failure?) {
        if let failure { add(failure.kind.rawValue) } else { add(0) }
    }

    private mutating func add(_ text: String) {
        for byte in text.utf8 { mix(byte) }
        mix(0)
    }

    private mutating func add(_ number: Int) { mix(UInt8(truncatingIfNeeded: number)) }

    private mutating func mix(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
}
