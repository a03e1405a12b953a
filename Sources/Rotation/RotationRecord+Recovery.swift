public import FoundationEssentials
public import SecretMemory

extension RotationRecord {
    /// A rotation whose journal is lost, as the directory and the sinks tell it.
    ///
    /// Nobody can ask a cluster which secret it holds. So where the identity has another credential that is valid,
    /// the clusters may have that one: the rotation then stands at deliver, and `resume` gives them the secret of
    /// the sinks before anything may be retired (R3). Where they can have no other, it is applied.
    ///
    /// - Parameters:
    ///   - plan: what a rotation would do now; its predecessors go once the overlap is over.
    ///   - credential: the one that the sinks hand out, and that Entra accepts.
    ///   - fingerprint: of its secret, with the key of the journal that this record goes into.
    ///   - delivered: the plan's deliveries that were seen to hold it, by index.
    ///   - hasRivals: whether another credential of the identity is valid.
    public static func recovered(
        id: String, plan: Plan, credential: Listed, fingerprint: Fingerprint, delivered: Set<Int>,
        hasRivals: Bool, at now: Date
    ) -> RotationRecord {
        var record = RotationRecord(id: id, plan: plan, startedAt: now)
        var attempt = Attempt(
            displayName: credential.displayName ?? "", intendedAt: credential.notBefore,
            keyId: credential.keyId, notBefore: credential.notBefore, notAfter: credential.notAfter,
            fingerprint: fingerprint)
        attempt.wasPut = true
        record.attempts = [attempt]
        for index in record.deliveries.indices {
            record.deliveries[index].stage = delivered.contains(index) ? .confirmed : .pending
        }
        let isEverywhere = plan.deliveries.indices.allSatisfy {
            delivered.contains($0) || !plan.deliveries[$0].isReadable
        }
        guard !hasRivals, isEverywhere else {
            record.step = .deliver
            for index in record.consumers.indices { record.consumers[index].wasSent = true }
            record.outcome = .unfinished(
                Failure(
                    .answerLost,
                    "the journal was rebuilt, and whether every cluster and sink has credential \(credential.keyId) is not known",
                    hint: "run `credferry resume`: it gives them that secret"))
            return record
        }
        for index in record.consumers.indices { record.consumers[index].stage = .applied }
        record.appliedAt = now
        record.outcome = .rotated
        record.step = record.nextDuty == nil ? .ended : .overlap
        return record
    }

    /// Whether a credential has a name as only credferry gives it: `credferry-`, a rotation's id, `-` and a number.
    public static func isName(_ displayName: String?) -> Bool {
        guard let displayName, displayName.hasPrefix(Rotation.displayNamePrefix) else { return false }
        let parts = displayName.dropFirst(Rotation.displayNamePrefix.count).split(
            separator: "-", omittingEmptySubsequences: false)
        return parts.count == 2 && parts[0].count == idLength && parts[0].allSatisfy(idAlphabet.contains)
            && Int(parts[1]).map { $0 > 0 } == true
    }

    /// A name for a rotation: 16 characters of base 32 (RFC 4648, lower case), unique enough for all rotations
    /// of all times.
    public static func makeId() -> String {
        String((0..<idLength).map { _ in idAlphabet[Int.random(in: 0..<idAlphabet.count)] })
    }

    private static let idLength = 16
    private static let idAlphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
}
