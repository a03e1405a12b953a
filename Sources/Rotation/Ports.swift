public import FoundationEssentials
public import SecretMemory

/// A credential as the directory adds it: the only time that its secret is shown.
public struct AddedCredential: ~Copyable, Sendable {
    /// Its id.
    public let keyId: String
    /// When it begins to be valid.
    public let notBefore: Date
    /// When it expires.
    public let notAfter: Date
    /// Its secret.
    public let secret: SharedSecret

    /// Puts together what the directory answered.
    public init(keyId: String, notBefore: Date, notAfter: Date, secret: SharedSecret) {
        self.keyId = keyId
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.secret = secret
    }
}

/// Where identities and their credentials live: Microsoft Graph and Entra, to a rotation.
public protocol Directory: Sendable {
    /// Adds a credential, once: where the answer is lost it throws ``Failure/Kind/answerLost`` and does not
    /// ask again.
    func addCredential(
        displayName: String, notAfter: Date, to identity: Identity
    ) async throws(Failure) -> AddedCredential

    /// The identity's credentials, on both of its objects, as some replica of the directory knows them.
    func credentials(of identity: Identity) async throws(Failure) -> [Listed]

    /// Removes a credential from whichever object has it; one that is gone already is no error.
    func removeCredential(_ keyId: String, from identity: Identity) async throws(Failure)

    /// Acquires a token with `secret` on a fresh connection, and drops it.
    ///
    /// - Throws: ``Failure/Kind/notPropagated`` where Entra does not accept the secret (yet).
    func prove(_ secret: borrowing Secret, of identity: Identity) async throws(Failure)
}

/// The clusters: Azure Resource Manager, to a rotation.
public protocol Clusters: Sendable {
    /// Sends the secret to a consumer's cluster.
    ///
    /// - Returns: the URL of the operation that the cluster has begun; `nil` where it is done.
    func reset(
        _ consumer: Consumer, to secret: borrowing Secret, of identity: Identity
    ) async throws(Failure) -> String?

    /// How the operation at `url` is getting on.
    func operation(_ url: String, of consumer: Consumer) async throws(Failure) -> OperationState

    /// How the consumer's cluster is.
    ///
    /// - Parameter former: the identity that `identity` is to take the place of, where it is a new one.
    /// - Throws: ``Failure/Kind/notFound`` where it does not exist any more or has neither of the two; then it
    ///   needs nothing.
    func health(
        of consumer: Consumer, for identity: Identity, inPlaceOf former: Identity?
    ) async throws(Failure) -> ConsumerHealth
}

/// The rotation's memory.
public protocol RotationJournal: Sendable {
    /// Stores `record` in place of the one of its id, together with what is about to happen and what has
    /// happened; all of it is on the disk when the call returns.
    ///
    /// - Throws: where it could not be stored; then nothing of what follows from it may be done.
    func save(_ record: RotationRecord, entries: [HistoryEntry]) throws

    /// The key of this journal's fingerprints.
    var fingerprintKey: FingerprintKey { get }
}

/// One line of what was done: an effect that is about to be carried out, or the event that answered it.
public struct HistoryEntry: Codable, Sendable, Equatable {
    /// When.
    public var at: Date
    /// What: a word or two, such as `add` or `put done`.
    public var what: String
    /// The sink, where it is about one.
    public var sink: String?
    /// The cluster, where it is about one.
    public var cluster: String?
    /// The credential, where one is known.
    public var keyId: String?
    /// Names and reasons; never a secret.
    public var detail: String?

    /// One line.
    public init(
        at: Date, what: String, sink: String? = nil, cluster: String? = nil, keyId: String? = nil,
        detail: String? = nil
    ) {
        self.at = at
        self.what = what
        self.sink = sink
        self.cluster = cluster
        self.keyId = keyId
        self.detail = detail
    }
}

/// Time, to a driver.
public protocol RotationClock: Sendable {
    /// The moment.
    var now: Date { get }
    /// Waits, no longer than `date` is away now; ends early, without an error, where the task is cancelled.
    func sleep(until date: Date) async
}

/// The system's clock.
public struct SystemClock: RotationClock {
    /// The one there is.
    public init() {}

    /// The moment.
    public var now: Date { Date() }

    /// Waits in slices, so that a suspended or corrected clock is noticed within a minute.
    ///
    /// A clock that is set back does not make it wait longer: it ends early, and the machine looks again.
    public func sleep(until date: Date) async {
        let end = ContinuousClock.now + .seconds(max(date.timeIntervalSince(now), 0))
        while ContinuousClock.now < end, !Task.isCancelled {
            let left = date.timeIntervalSince(now)
            guard left > 0 else { return }
            try? await Task.sleep(for: .seconds(min(left, 60)))
        }
    }
}
