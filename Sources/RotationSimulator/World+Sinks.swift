import Rotation

/// A sink and what it does wrong.
struct SinkState {
    /// Something that is no secret of the identity's.
    static let garbage = -1

    let isReadable: Bool
    /// What it hands out.
    var content: Int?
    /// What it handed out before, and gives to some readers still.
    var previous: Int?
    /// What it has held for sure.
    var confirmed: Set<Int> = []
    /// It says that it stores, and does not.
    var isLying = false
    /// A person has to unlock it.
    var isLocked = false
}

extension World {
    func put(_ index: Int, _ process: RotatorProcess) -> Event {
        guard let held = process.held else { return .putFailed(index, Failure(.secretLost, "not at hand")) }
        if sinks[index].isLocked { return .putFailed(index, Failure(.locked, "locked")) }
        if sinks[index].isLying { return .stored(index, version: nil) }
        checkPut(held, index, process)
        if sinks[index].content != held { sinks[index].previous = sinks[index].content }
        sinks[index].content = held
        sinks[index].confirmed.insert(held)
        return .stored(index, version: nil)
    }

    /// What a reader gets: sometimes what was there before.
    private func read(_ index: Int) -> Int? {
        let isStale = chance.happens(weather.sinkTrouble / 2)
        return isStale ? sinks[index].previous : sinks[index].content
    }

    func readBack(_ index: Int, _ process: RotatorProcess) -> Event {
        if sinks[index].isLocked { return .readBackFailed(index, Failure(.locked, "locked")) }
        guard let held = process.held else {
            return .readBackFailed(index, Failure(.secretLost, "not at hand"))
        }
        return .readBack(index, matches: read(index) == held)
    }

    func load(_ index: Int, _ process: RotatorProcess) -> Event {
        if sinks[index].isLocked { return .loadFailed(index, Failure(.locked, "locked")) }
        guard let secret = read(index) else { return .loaded(index, matches: false) }
        let isKnown = fingerprint(secret) == process.rotation.record.current?.fingerprint
        guard isKnown || (mutation == .fingerprint && secret >= 0) else {
            return .loaded(index, matches: false)
        }
        process.held = secret
        return .loaded(index, matches: true)
    }

    /// What happens to a sink between two commands.
    func troubleSink(_ index: Int) {
        switch chance.below(4) {
        case 0: sinks[index].content = nil
        case 1 where sinks[index].isReadable: sinks[index].content = SinkState.garbage
        case 2 where sinks[index].isReadable: sinks[index].isLying.toggle()
        default: sinks[index].isLocked.toggle()
        }
        note("sink \(index): \(sinks[index])")
    }
}
