import Rotation

/// A cluster, on which one operation runs at a time.
struct ClusterState {
    struct Operation {
        let url: String
        /// The consumer that it gives a secret to; `nil` for other people's.
        let consumer: Int?
        let secret: Int
        let endsAt: Double
        let failure: Failure?
        /// The identity whose secret it is, by number.
        var application = 0
        var isOver = false
    }

    /// How far its own replica of Entra lags behind an add.
    let lag: Double
    var operations: [Operation] = []
    var lastFailure: Failure?
    var isStopped = false
    var isDeleted = false
    /// When it was given to another identity.
    var movedAt: Double?
    /// Nobody else begins an operation before.
    var quietUntil = 0.0

    var isBusy: Bool { operations.last.map { !$0.isOver } ?? false }
}

/// What a consumer may hold: more than one secret while an operation runs, or after it failed.
struct ConsumerHold {
    let cluster: Int
    var held: Set<Int>
    /// The identity that its cluster has, by number.
    var application = 0
}

extension World {
    func reset(_ index: Int, at consumer: Int, _ process: RotatorProcess) -> Event {
        let cluster = consumers[consumer].cluster
        settle(cluster)
        guard let held = process.held else { return .resetFailed(index, Failure(.secretLost, "not at hand")) }
        if clusters[cluster].isDeleted { return .resetFailed(index, Failure(.notFound, "404")) }
        if clusters[cluster].isStopped { return .resetFailed(index, Failure(.clusterStopped, "stopped")) }
        if clusters[cluster].isBusy { return .resetFailed(index, Failure(.conflict, "409")) }
        checkReset(held, cluster, process)
        guard clusters[cluster].movedAt == nil else {
            return .resetFailed(index, Failure(.invalid, "another identity"))
        }
        let refusal = refusal(held, cluster)
        if let refusal, chance.happens(50) { return .resetFailed(index, refusal) }
        let failure =
            refusal
            ?? (chance.happens(weather.failingOperations) ? Failure(.unavailable, "InternalError") : nil)
        let time = chance.happens(weather.slowness) ? chance.between(300, 5_000) : chance.between(0, 200)
        let url = "\(cluster)/\(clusters[cluster].operations.count)"
        clusters[cluster].operations.append(
            .init(
                url: url, consumer: consumer, secret: held, endsAt: now + time, failure: failure,
                application: credentials[held].application))
        consumers[consumer].held.insert(held)
        credentials[held].wasHeld = true
        return .resetAccepted(index, operation: url)
    }

    private func refusal(_ secret: Int, _ cluster: Int) -> Failure? {
        if credentials[secret].isBad { return Failure(.badCharacters, "invalid characters") }
        guard isAccepted(secret, lag: clusters[cluster].lag) else {
            return Failure(.notPropagated, "AADSTS7000215")
        }
        return nil
    }

    /// Ends the cluster's operation if its time has come.
    func settle(_ cluster: Int) {
        guard let operation = clusters[cluster].operations.last, !operation.isOver, now >= operation.endsAt
        else { return }
        clusters[cluster].operations[clusters[cluster].operations.count - 1].isOver = true
        clusters[cluster].lastFailure = operation.failure
        guard let consumer = operation.consumer, clusters[cluster].movedAt == nil else { return }
        guard operation.failure != nil else {
            consumers[consumer].held = [operation.secret]
            consumers[consumer].application = operation.application
            return
        }
        // Half of its nodes may have it, all of them, or none.
        let old = consumers[consumer].held.subtracting([operation.secret])
        switch chance.below(3) {
        case 0 where !old.isEmpty: consumers[consumer].held = old
        case 1 where !clusters[cluster].isDeleted: consumers[consumer].held.insert(operation.secret)
        default: break
        }
        // An operation of other people's right behind one of ours that failed, while nobody can say how ours
        // ended, is beyond what the machine can know.
        clusters[cluster].quietUntil = now + 150
    }

    func follow(_ index: Int, _ url: String, at consumer: Int) -> Event {
        let cluster = consumers[consumer].cluster
        settle(cluster)
        guard !chance.happens(weather.lostPolls),
            let operation = clusters[cluster].operations.first(where: { $0.url == url }),
            now < operation.endsAt + 600
        else { return .operation(index, .unknown) }
        guard operation.isOver else {
            return .operation(index, .running(retryAfter: chance.happens(20) ? 10 : nil))
        }
        return .operation(index, operation.failure.map { .failed($0) } ?? .succeeded)
    }

    func examine(_ index: Int, at consumer: Int, _ process: RotatorProcess) -> Event {
        let cluster = consumers[consumer].cluster
        settle(cluster)
        let state = clusters[cluster]
        if state.isDeleted || state.movedAt != nil {
            return .consumerFailed(index, Failure(.notFound, "it is gone"))
        }
        if state.isBusy { return .consumer(index, .busy) }
        if state.isStopped { return .consumerFailed(index, Failure(.clusterStopped, "stopped")) }
        if let failure = state.lastFailure { return .consumer(index, .failed(failure)) }
        let own = application(process.rotation.record.identity)
        return .consumer(index, consumers[consumer].application == own ? .settled : .former)
    }

    // MARK: Other people

    /// What happens to a cluster beside the rotation.
    func troubleCluster(_ cluster: Int) {
        settle(cluster)
        guard !clusters[cluster].isBusy, !clusters[cluster].isDeleted else { return }
        switch chance.below(8) {
        case 0: remove(cluster) { $0.isDeleted = true }
        case 1: remove(cluster) { $0.movedAt = now }
        default: clusters[cluster].isStopped.toggle()
        }
        note("cluster \(cluster): \(clusters[cluster])")
    }

    /// Other people's operation on a cluster, an upgrade perhaps.
    func occupy(_ cluster: Int) {
        settle(cluster)
        let state = clusters[cluster]
        guard !state.isBusy, !state.isDeleted, !state.isStopped, now >= state.quietUntil else { return }
        let failure = chance.happens(25) ? Failure(.unavailable, "an upgrade failed") : nil
        clusters[cluster].operations.append(
            .init(
                url: "others/\(state.operations.count)", consumer: nil, secret: 0,
                endsAt: now + chance.between(150, 1_000), failure: failure))
        note("cluster \(cluster): \(clusters[cluster])")
    }

    private func remove(_ cluster: Int, _ change: (inout ClusterState) -> Void) {
        change(&clusters[cluster])
        for index in consumers.indices where consumers[index].cluster == cluster {
            consumers[index].held = []
        }
    }
}
