/// A `policy` as one place of the file gives it: what it leaves out comes from the layer below.
struct PolicyLayer {
    var lifetime: Located<Duration>?
    var rotateWithin: Located<Duration>?
    var overlap: Duration?
    var proofs: Int?
    var proofTimeout: Duration?
    var applyTimeout: Duration?
    var replaceWait: Duration?

    /// This layer over `base`.
    func over(_ base: PolicyLayer) -> PolicyLayer {
        PolicyLayer(
            lifetime: lifetime ?? base.lifetime, rotateWithin: rotateWithin ?? base.rotateWithin,
            overlap: overlap ?? base.overlap, proofs: proofs ?? base.proofs,
            proofTimeout: proofTimeout ?? base.proofTimeout, applyTimeout: applyTimeout ?? base.applyTimeout,
            replaceWait: replaceWait ?? base.replaceWait)
    }

    /// The policy, with the defaults for what no layer gives.
    ///
    /// `rotateWithin` is then 30 days, or a sixth of the lifetime where that is shorter: a short lifetime alone
    /// is a whole policy.
    var settings: PolicySettings {
        let standard = PolicySettings()
        let lifetime = lifetime?.value ?? standard.lifetime
        return PolicySettings(
            lifetime: lifetime, rotateWithin: rotateWithin?.value ?? min(standard.rotateWithin, lifetime / 6),
            overlap: overlap ?? standard.overlap, proofs: proofs ?? standard.proofs,
            proofTimeout: proofTimeout ?? standard.proofTimeout,
            applyTimeout: applyTimeout ?? standard.applyTimeout,
            replaceWait: replaceWait ?? standard.replaceWait)
    }
}

extension Reader {
    private static let second = Duration.seconds(1)
    private static let hour = Duration.seconds(3_600)
    private static let day = Duration.seconds(86_400)

    /// One layer of a policy, each value in its range.
    func policyLayer(_ field: Field) -> PolicyLayer? {
        guard let section = Section(field, keys: Grammar.policy, self) else { return nil }
        func located(_ key: String, _ range: ClosedRange<Duration>) -> Located<Duration>? {
            section[key].flatMap { field in
                duration(field, in: range).map { Located($0, at: field.position) }
            }
        }
        let twoYears = Self.day * 730
        return PolicyLayer(
            lifetime: located("lifetime", Self.hour...twoYears),
            rotateWithin: located("rotateWithin", .zero...twoYears),
            overlap: located("overlap", .zero...twoYears)?.value,
            proofs: section["proofs"].flatMap { integer($0, in: 1...20) },
            proofTimeout: located("proofTimeout", Self.second...Self.day)?.value,
            applyTimeout: located("applyTimeout", Self.second...Self.day * 7)?.value,
            replaceWait: located("replaceWait", .zero...Self.day)?.value)
    }

    /// The policy that `layer` ends up as; `nil` and reported where its parts contradict each other.
    func policy(_ layer: PolicyLayer) -> PolicySettings? {
        let settings = layer.settings
        guard let within = layer.rotateWithin, within.value >= settings.lifetime else { return settings }
        // The later of the two is the one that did not mind the other.
        let position = max(within.position, layer.lifetime?.position ?? within.position)
        let lifetime = Durations.text(settings.lifetime)
        report(
            position,
            "`rotateWithin` (\(Durations.text(within.value))) has to be shorter than `lifetime` (\(lifetime))",
            hint: "otherwise a new credential would be due at once")
        return nil
    }
}
