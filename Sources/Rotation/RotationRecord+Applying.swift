public import FoundationEssentials
public import SecretMemory

extension RotationRecord {
    /// A rotation of which only the apply is left: a sink has the secret, and the clusters are to get it.
    ///
    /// It adds nothing: where the secret turns out to be of no use, it fails.
    ///
    /// - Parameters:
    ///   - plan: its deliveries are the sinks that were seen to hold the secret.
    ///   - keyId: the credential whose secret it is; `nil` where it is not credferry's (R5).
    ///   - fingerprint: of the secret, with the key of the journal that this record goes into.
    public static func applying(
        id: String, plan: Plan, keyId: String?, displayName: String?, notBefore: Date, notAfter: Date,
        fingerprint: Fingerprint, startedAt: Date
    ) -> RotationRecord {
        var record = RotationRecord(id: id, plan: plan.applyingOnly(), startedAt: startedAt)
        var attempt = Attempt(
            displayName: displayName ?? "", intendedAt: notBefore, keyId: keyId, notBefore: notBefore,
            notAfter: notAfter, fingerprint: fingerprint)
        attempt.wasPut = true
        record.attempts = [attempt]
        for index in record.deliveries.indices { record.deliveries[index].stage = .confirmed }
        record.step = .apply
        return record
    }
}
