internal import FoundationEssentials

/// The directory with replicas that lag: writes go to the primary at once, a read may see an older state.
struct ReplicatedDirectory: Sendable {
    /// The newest state, which every write sees.
    private(set) var primary = Directory()
    /// Earlier states, oldest first, each with the moment at which it was replaced.
    private var earlier: [(until: Date, state: Directory)] = []

    /// Changes the primary.
    ///
    /// - Parameter lag: how many seconds of history the replicas need.
    @discardableResult
    mutating func write<Result, Failure: Error>(
        at now: Date, lag: Double, _ change: (inout Directory) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        earlier.removeAll { $0.until < now.addingTimeInterval(-lag) }
        let before = primary
        let result = try change(&primary)
        if lag > 0, primary != before { earlier.append((now, before)) }
        return result
    }

    /// What one replica, chosen by `lagging`, answers to a read.
    func read(at now: Date, lag: Double, lagging: Bool) -> Directory {
        guard lagging, lag > 0 else { return primary }
        return earlier.first { $0.until > now.addingTimeInterval(-lag) }?.state ?? primary
    }
}
