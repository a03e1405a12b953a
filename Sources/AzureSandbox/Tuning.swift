/// What the sandbox's world can be told to do otherwise while it runs, with times in seconds.
struct Tuning: Sendable {
    /// How long after its adding Entra accepts a credential.
    var propagation: Double = 3
    /// The same for the replica of Entra that AKS asks; as ``propagation`` where `nil`.
    var aksPropagation: Double?
    /// For how long after that every second sign-in with the credential is still refused.
    var flapping: Double = 0
    /// How far the replicas that answer Graph's reads may lag.
    var directoryLag: Double = 0
    /// How long an operation on a cluster takes.
    var operationTime: Double = 6
    /// `Retry-After` of operations; none where `nil`.
    var retryAfter: Int?
    /// How many of the next operations fail.
    var operationFails = 0
    /// How many of the next secrets have a character that AKS refuses.
    var badCharacters = 0
    /// How long deleting a vault's secret takes: until then its name is neither free nor recoverable.
    var deletionTime: Double = 0
    /// How many entries a page of a list has, where the client does not ask for fewer.
    var pageSize = 100

    /// How long AKS's replica takes.
    var aksDelay: Double { aksPropagation ?? propagation }
}
