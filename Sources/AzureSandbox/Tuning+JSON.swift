extension Tuning {
    /// The form that the control interface shows.
    var json: JSON {
        [
            "propagation": .number(propagation), "aksPropagation": .number(aksDelay),
            "flapping": .number(flapping), "directoryLag": .number(directoryLag),
            "operationTime": .number(operationTime), "retryAfter": retryAfter.map { .integer($0) } ?? .null,
            "operationFails": .integer(operationFails), "badCharacters": .integer(badCharacters),
            "deletionTime": .number(deletionTime), "pageSize": .integer(pageSize),
        ]
    }

    /// Changes what the control interface names.
    mutating func apply(_ wish: JSON) throws(ControlError) {
        var changed = self
        for member in wish.members ?? [] {
            switch member.name {
            case "propagation": changed.propagation = try Self.seconds(member)
            case "aksPropagation":
                changed.aksPropagation = member.value == .null ? nil : try Self.seconds(member)
            case "flapping": changed.flapping = try Self.seconds(member)
            case "directoryLag": changed.directoryLag = try Self.seconds(member)
            case "operationTime": changed.operationTime = try Self.seconds(member)
            case "retryAfter": changed.retryAfter = member.value == .null ? nil : try Self.count(member)
            case "operationFails": changed.operationFails = try Self.count(member)
            case "badCharacters": changed.badCharacters = try Self.count(member)
            case "deletionTime": changed.deletionTime = try Self.seconds(member)
            case "pageSize":
                changed.pageSize = try Self.count(member)
                guard changed.pageSize > 0 else { throw ControlError("pageSize must be at least 1") }
            default: throw ControlError("there is no setting \"\(member.name)\"")
            }
        }
        self = changed
    }

    private static func seconds(_ member: JSON.Member) throws(ControlError) -> Double {
        guard let seconds = member.value.decimal, seconds >= 0 else {
            throw ControlError("\(member.name) must be a number of seconds, 0 or more")
        }
        return seconds
    }

    private static func count(_ member: JSON.Member) throws(ControlError) -> Int {
        guard let count = member.value.whole, count >= 0 else {
            throw ControlError("\(member.name) must be a whole number, 0 or more")
        }
        return count
    }
}
