import Rotation

/// The rules that hold after every event, as the world, which knows everything, sees them.
extension World {
    func checkRules() {
        for (index, sink) in sinks.enumerated() {
            if let content = sink.content, isRemoved(content) {
                breaks("R1", "sink \(index) hands out \(keyId(content)), which is removed")
            }
        }
        for (index, consumer) in consumers.enumerated() {
            if let dead = consumer.held.first(where: isRemoved) {
                breaks("R3", "consumer \(index) may hold \(keyId(dead)), which is removed")
            }
        }
        for number in credentials.indices where credentials[number].removedAt == nil {
            if let owner = credentials[number].owner, !isFindable(number, owner) {
                breaks("R4", "\(keyId(number)) is in no record of computer \(owner)")
            }
        }
    }

    private func isFindable(_ number: Int, _ owner: Int) -> Bool {
        guard let name = credentials[number].displayName else { return false }
        return computers[owner].records.contains { record in
            record.attempts.contains { $0.displayName == name }
                || record.lostNames.contains { $0.displayName == name }
        }
    }

    // MARK: What a call does

    func checkPut(_ secret: Int, _ index: Int, _ process: RotatorProcess) {
        let credential = credentials[secret]
        if credential.removedAt != nil {
            breaks("R1", "\(keyId(secret)) is put into a sink after its removal")
        }
        if now < credential.addedAt + (entraLags.min() ?? 0) {
            breaks("R1", "\(keyId(secret)) is put into sink \(index) before any of Entra's replicas knows it")
        }
        checkExpiry("R1", secret, process)
        checkContention(secret, process)
    }

    /// A process that saw a clock which was behind cannot know.
    private func checkExpiry(_ rule: String, _ secret: Int, _ process: RotatorProcess) {
        guard process.mostBehind == 0, now >= credentials[secret].notAfter else {
            return
        }
        breaks(rule, "\(keyId(secret)) is handed on after it has expired")
    }

    /// Where the directory does not lag and clocks are right, two computers never deliver at a time (R6).
    private func checkContention(_ secret: Int, _ process: RotatorProcess) {
        guard weather.directoryLag == 0, !computers.contains(where: \.hasJumped) else { return }
        let own = credentials[secret]
        for (number, other) in credentials.enumerated() {
            guard let owner = other.owner, owner != process.computer, other.removedAt == nil,
                other.addedAt < own.addedAt, own.addedAt - other.addedAt < 1_800
            else { continue }
            breaks("R6", "\(keyId(secret)) is delivered although \(keyId(number)) was there before it")
        }
    }

    func checkReset(_ secret: Int, _ cluster: Int, _ process: RotatorProcess) {
        for (index, sink) in sinks.enumerated() where !sink.confirmed.contains(secret) {
            breaks("R2", "cluster \(cluster) gets \(keyId(secret)) before sink \(index)")
        }
        if let movedAt = clusters[cluster].movedAt, movedAt < process.startedAt {
            breaks("R5", "cluster \(cluster), which has another identity, is sent \(keyId(secret))")
        }
        checkExpiry("R3", secret, process)
    }

    func checkRemoval(_ number: Int, _ process: RotatorProcess) {
        let computer = process.computer
        let credential = credentials[number]
        guard credential.owner == computer || computers[computer].adopted.contains(number) else {
            return breaks("R5", "computer \(computer) removes \(keyId(number)), which is not its own")
        }
        guard credential.wasHeld else { return }
        guard let replacement = credential.replacements[computer] else {
            return breaks("R5", "\(keyId(number)) is removed before every consumer has another")
        }
        // By a clock that was set the overlap may begin when the new credential was added, and end early by
        // as much as the clock is ahead; nobody on that computer can know better.
        let began = computers[computer].hasJumped ? replacement.addedAt : replacement.at
        if now - began < weather.policy.overlap - process.mostAhead - 1 {
            breaks("R5", "\(keyId(number)) is removed \(now - began) s after its replacement")
        }
    }

    /// Notes when everything that clusters held before was replaced.
    func noteReplacement(_ before: RotationRecord, _ after: RotationRecord, _ computer: Int) {
        guard before.appliedAt == nil, after.appliedAt != nil, let current = after.current?.keyId else {
            return
        }
        let number = number(current)
        if computers.count == 1 { checkApplied(after, number) }
        for index in credentials.indices
        where index != number && credentials[index].wasHeld
            && credentials[index].replacements[computer] == nil
        {
            credentials[index].replacements[computer] = (now, credentials[number].addedAt)
        }
    }

    /// What is said to be applied is; with other rotators about, another may have come after.
    private func checkApplied(_ record: RotationRecord, _ number: Int) {
        for (consumer, state) in zip(record.plan.consumers, record.consumers) where state.stage == .applied {
            let index = Int(consumer.name.dropFirst()) ?? 0
            if isPresent(index), consumers[index].held != [number] {
                breaks(
                    "R3", "\(keyId(number)) is taken to be applied to consumer \(index), which may lack it")
            }
        }
    }

    // MARK: The end

    /// What must be so when nothing is left to do.
    func checkEnd() {
        checkApplications()
        for number in credentials.indices where credentials[number].removedAt == nil {
            guard let owner = credentials[number].owner else { continue }
            if Ledger(computers[owner].records).current?.keyId != keyId(number) {
                breaks("R4", "\(keyId(number)) is left behind at the end")
            }
        }
    }

    /// What must be so after a last rotation that met no trouble.
    func checkLastRotation(_ computer: Int) {
        let ledger = Ledger(computers[computer].records)
        guard let current = ledger.latest?.current?.keyId else {
            return breaks("R8", "a rotation without trouble is not applied")
        }
        let number = number(current)
        for (index, sink) in sinks.enumerated() where sink.content != number {
            breaks("R2", "sink \(index) does not have \(current) at the end")
        }
        for (index, consumer) in consumers.enumerated() where isPresent(index) && consumer.held != [number] {
            breaks("R8", "consumer \(index) does not hold \(current) at the end")
        }
    }
}
