internal import FoundationEssentials

/// Turns a step of the machine into the lines that the journal keeps of it.
enum History {
    static func entries(
        _ event: Event, _ effects: [Effect], _ before: RotationRecord, _ after: RotationRecord, at now: Date
    ) -> [HistoryEntry] {
        var entries: [HistoryEntry] = []
        if let entry = entry(event, before, after, now) { entries.append(entry) }
        entries += effects.compactMap { entry($0, after, now) }
        if before.step != after.step {
            entries.append(HistoryEntry(at: now, what: "step", detail: after.step.rawValue))
        }
        return entries
    }

    private static func entry(
        _ event: Event, _ before: RotationRecord, _ after: RotationRecord, _ now: Date
    ) -> HistoryEntry? {
        let keyId = after.current?.keyId ?? before.current?.keyId
        func line(_ what: String, _ failure: Failure? = nil, detail: String? = nil) -> HistoryEntry {
            HistoryEntry(at: now, what: what, keyId: keyId, detail: detail ?? failure?.message)
        }
        func line(_ what: String, delivery index: Int, _ detail: String? = nil) -> HistoryEntry {
            let delivery = after.plan.deliveries[index]
            return HistoryEntry(
                at: now, what: what, sink: delivery.sink, cluster: delivery.cluster, keyId: keyId,
                detail: detail)
        }
        func line(_ what: String, consumer index: Int, _ detail: String? = nil) -> HistoryEntry {
            HistoryEntry(
                at: now, what: what, cluster: after.plan.consumers[index].name, keyId: keyId, detail: detail)
        }
        return switch event {
        case .begin: line("begin")
        case .resume: line("resume")
        case .consented: line("consented", detail: after.provision?.identity?.appId)
        case .adopt(let keyIds): line("adopt", detail: keyIds.joined(separator: " "))
        case .applicationFound(let found): found.map { line("find application done", detail: $0.appId) }
        case .findFailed(let failure): line("find application failed", failure)
        case .applicationMade(let made): line("make application done", detail: made.appId)
        case .makeFailed(let failure): line("make application failed", failure)
        case .principalMade(let id): line("make service principal done", detail: id)
        case .principalFailed(let failure): line("make service principal failed", failure)
        case .linked: line("link done", detail: after.provision?.client?.identity?.appId)
        case .linkFailed(let failure): line("link failed", failure)
        case .granted(let index): line("grant done", detail: after.plan.grant(index))
        case .grantFailed(_, let failure): line("grant failed", failure)
        case .unmade: line("unmake done", detail: after.provision?.identity?.appId)
        case .unmakeFailed(let failure): line("unmake failed", failure)
        case .added: line("add done", detail: after.current?.displayName)
        case .addFailed(let failure): line("add failed", failure)
        case .listed: nil
        case .listFailed(let failure): line("list failed", failure)
        case .proved: line("prove done")
        case .proofFailed(let failure): line("prove failed", failure)
        case .stored(let index, let version): line("put done", delivery: index, version)
        case .putFailed(let index, let failure): line("put failed", delivery: index, failure.message)
        case .readBack(let index, let matches):
            line(matches ? "read back" : "read back differs", delivery: index)
        case .readBackFailed(let index, let failure):
            line("read back failed", delivery: index, failure.message)
        case .loaded(let index, let matches): line(matches ? "load done" : "load differs", delivery: index)
        case .loadFailed(let index, let failure): line("load failed", delivery: index, failure.message)
        case .resetAccepted(let index, _): line("reset accepted", consumer: index)
        case .resetFailed(let index, let failure): line("reset failed", consumer: index, failure.message)
        case .operation(_, .running): nil
        case .operation(let index, .succeeded): line("operation succeeded", consumer: index)
        case .operation(let index, .failed(let failure)):
            line("operation failed", consumer: index, failure.message)
        case .operation(let index, .unknown): line("operation unknown", consumer: index)
        case .consumer(let index, .settled): line("cluster settled", consumer: index)
        case .consumer(_, .busy): nil
        case .consumer(let index, .former): line("cluster has the former identity", consumer: index)
        case .consumer(let index, .failed(let failure)):
            line("cluster failed", consumer: index, failure.message)
        case .consumerFailed(let index, let failure):
            line("cluster not read", consumer: index, failure.message)
        case .removed(let removed): HistoryEntry(at: now, what: "remove done", keyId: removed)
        case .removeFailed(let kept, let failure):
            HistoryEntry(at: now, what: "remove failed", keyId: kept, detail: failure.message)
        case .woke: nil
        }
    }

    private static func entry(_ effect: Effect, _ record: RotationRecord, _ now: Date) -> HistoryEntry? {
        let keyId = record.current?.keyId
        switch effect {
        case .makeApplication(let displayName):
            return HistoryEntry(at: now, what: "make application", detail: displayName)
        case .makePrincipal:
            return HistoryEntry(
                at: now, what: "make service principal",
                detail: (record.provision?.client?.identity ?? record.provision?.identity)?.appId)
        case .link:
            return HistoryEntry(at: now, what: "link", detail: record.provision?.client?.identity?.appId)
        case .grant(let index):
            return HistoryEntry(at: now, what: "grant", detail: record.plan.grant(index))
        case .unmake:
            return HistoryEntry(at: now, what: "unmake", detail: record.provision?.identity?.appId)
        case .add(let displayName, _): return HistoryEntry(at: now, what: "add", detail: displayName)
        case .put(let index):
            let delivery = record.plan.deliveries[index]
            return HistoryEntry(
                at: now, what: "put", sink: delivery.sink, cluster: delivery.cluster, keyId: keyId)
        case .reset(let index):
            return HistoryEntry(
                at: now, what: "reset", cluster: record.plan.consumers[index].name, keyId: keyId)
        case .remove(let removed): return HistoryEntry(at: now, what: "remove", keyId: removed)
        case .findApplication, .list, .prove, .readBack, .load, .follow, .examine, .sleep, .forgetSecret:
            return nil
        }
    }
}

extension Plan {
    /// One of the new service principal's roles, in words.
    fileprivate func grant(_ index: Int) -> String? {
        guard let grants = replacement?.grants, grants.indices.contains(index) else { return nil }
        return "\(grants[index].role ?? grants[index].roleDefinitionId) over \(grants[index].scope)"
    }
}
