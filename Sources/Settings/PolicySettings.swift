/// When a credential is rotated, and how patiently.
public struct PolicySettings: Sendable, Equatable {
    /// How long a new credential is valid: 1 hour to 730 days.
    public let lifetime: Duration
    /// How long before its end a credential is due; shorter than ``lifetime``.
    public let rotateWithin: Duration
    /// How long the previous credential stays valid after the new one is applied.
    public let overlap: Duration
    /// How many times in a row Entra has to accept a new secret: 1 to 20.
    public let proofs: Int
    /// How long Entra has for that.
    public let proofTimeout: Duration
    /// How long a cluster's operation may take.
    public let applyTimeout: Duration
    /// How long to wait after a new service principal was made and its roles granted.
    public let replaceWait: Duration

    /// Describes a policy; the ranges are not checked.
    public init(
        lifetime: Duration = .seconds(180 * 86_400), rotateWithin: Duration = .seconds(30 * 86_400),
        overlap: Duration = .seconds(86_400), proofs: Int = 3, proofTimeout: Duration = .seconds(600),
        applyTimeout: Duration = .seconds(6 * 3_600), replaceWait: Duration = .zero
    ) {
        self.lifetime = lifetime
        self.rotateWithin = rotateWithin
        self.overlap = overlap
        self.proofs = proofs
        self.proofTimeout = proofTimeout
        self.applyTimeout = applyTimeout
        self.replaceWait = replaceWait
    }
}
