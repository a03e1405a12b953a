public import FoundationEssentials
public import SecretMemory

/// What the world tells the machine: the answer to an effect, or a wish of the operator's.
public enum Event: Sendable {
    /// Start a rotation that has not begun.
    case begin
    /// Go on after a crash, a stop, or the end of a wait.
    case resume
    /// Go on, where the rotation waited for an administrator's consent, which was given.
    case consented
    /// Retire these credentials too: the operator adopts them.
    case adopt([String])

    /// The application of the asked name, as one replica of the directory knows it.
    case applicationFound(Identity?)
    /// The application could not be looked for.
    case findFailed(Failure)
    /// An application was made.
    case applicationMade(Identity)
    /// No application was made; or, with ``Failure/Kind/answerLost``, perhaps one was.
    case makeFailed(Failure)
    /// The new identity, or its client, has a service principal.
    case principalMade(String)
    /// The new identity, or its client, has no service principal yet, as far as is known.
    case principalFailed(Failure)
    /// The new client application may use the new server's scope.
    case linked
    /// The new client application may not use the new server's scope yet, as far as is known.
    case linkFailed(Failure)
    /// The new service principal has a role of the plan's.
    case granted(Int)
    /// The new service principal does not have a role of the plan's, as far as is known.
    case grantFailed(Int, Failure)
    /// What was made of the new identity is gone.
    case unmade
    /// What was made of the new identity may be there still.
    case unmakeFailed(Failure)

    /// A credential was added; its secret is at hand.
    case added(keyId: String, notBefore: Date, notAfter: Date, fingerprint: Fingerprint)
    /// No credential was added; or, with ``Failure/Kind/answerLost``, perhaps one was.
    case addFailed(Failure)
    /// The identity's credentials, as one replica of the directory knows them.
    case listed([Listed])
    /// The identity's credentials could not be read.
    case listFailed(Failure)

    /// Entra accepted the new secret, once.
    case proved
    /// Entra did not accept the new secret this time.
    case proofFailed(Failure)

    /// The sink of a delivery took the secret.
    case stored(Int, version: String?)
    /// The sink of a delivery did not take the secret, or its answer was lost.
    case putFailed(Int, Failure)
    /// What the sink of a delivery gives back is, or is not, the secret that was put.
    case readBack(Int, matches: Bool)
    /// The sink of a delivery could not be read back.
    case readBackFailed(Int, Failure)
    /// What the sink of a delivery holds is, or is not, the lost secret; if it is, it is at hand again.
    case loaded(Int, matches: Bool)
    /// The sink of a delivery could not be read.
    case loadFailed(Int, Failure)

    /// The cluster of a consumer has begun to apply the secret; `nil` where it is done already.
    case resetAccepted(Int, operation: String?)
    /// The cluster of a consumer refused, or its answer was lost.
    case resetFailed(Int, Failure)
    /// How the cluster's operation is getting on.
    case operation(Int, OperationState)
    /// How the cluster is.
    case consumer(Int, ConsumerHealth)
    /// The cluster could not be read.
    case consumerFailed(Int, Failure)

    /// A credential is gone from the identity.
    case removed(keyId: String)
    /// A credential could not be removed.
    case removeFailed(keyId: String, Failure)

    /// A wait is over.
    case woke(Timer)
}

/// One of an identity's credentials, as the directory lists it.
public struct Listed: Sendable, Equatable {
    /// Its id.
    public let keyId: String
    /// Its name, if any.
    public let displayName: String?
    /// When it begins to be valid.
    public let notBefore: Date
    /// When it expires.
    public let notAfter: Date
    /// Which of the identity's two objects it is at.
    public let object: Identity.Object

    /// One line of the list.
    public init(
        keyId: String, displayName: String?, notBefore: Date, notAfter: Date,
        object: Identity.Object = .application
    ) {
        self.keyId = keyId
        self.displayName = displayName
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.object = object
    }
}

/// How a cluster's long-running operation is getting on.
public enum OperationState: Sendable, Equatable {
    /// It runs; the service may have said when to ask again, in seconds.
    case running(retryAfter: Double?)
    /// It has ended well.
    case succeeded
    /// It has ended badly.
    case failed(Failure)
    /// Nobody knows it (any more), or nobody answers for it: the cluster itself has to be asked.
    case unknown
}

/// How a cluster is.
public enum ConsumerHealth: Sendable, Equatable {
    /// Nothing runs on it and its last operation ended well.
    case settled
    /// An operation runs on it.
    case busy
    /// Its last operation ended badly.
    case failed(Failure)
    /// Nothing runs on it, and it has the identity that a new one is to take the place of.
    case former
}

/// What the machine waits for.
public enum Timer: Sendable, Hashable {
    /// Reading the identity's credentials again.
    case list
    /// Going on with a new identity.
    case provision
    /// Asking Entra again.
    case prove
    /// Putting into a delivery's sink again.
    case put(Int)
    /// Reading a delivery back again.
    case readBack(Int)
    /// Sending a consumer its reset again.
    case reset(Int)
    /// Asking for a consumer's operation again.
    case follow(Int)
    /// Asking for a consumer's cluster again.
    case examine(Int)
    /// The end of the overlap.
    case overlap
}

/// What the machine wants done.
///
/// Each is answered by exactly one event, but for ``forgetSecret``.
public enum Effect: Sendable, Equatable {
    /// Look for the application of this name.
    case findApplication(displayName: String)
    /// Make an application of this name.
    case makeApplication(displayName: String)
    /// Let the new client application use the new server's scope.
    case link
    /// Make the new identity's service principal, or its client's.
    case makePrincipal
    /// Give the new service principal a role of the plan's.
    case grant(Int)
    /// Take back what was made of the new identity.
    case unmake
    /// Add a credential of this name. Never sent twice for one name, unless the identity was not found.
    case add(displayName: String, notAfter: Date)
    /// Read the identity's credentials.
    case list
    /// Acquire a token with the secret, on a fresh connection.
    case prove
    /// Put the secret into the sink of a delivery.
    case put(Int)
    /// Read the sink of a delivery and compare it with the secret.
    case readBack(Int)
    /// Read the sink of a delivery and, if it is the lost secret, keep it.
    case load(Int)
    /// Send the secret to the cluster of a consumer.
    case reset(Int)
    /// Ask for the operation of a consumer's cluster.
    case follow(Int, operation: String)
    /// Ask for the cluster of a consumer.
    case examine(Int)
    /// Remove a credential from the identity.
    case remove(keyId: String)
    /// Wait.
    case sleep(until: Date, Timer)
    /// Zero the secret; it is needed no longer.
    case forgetSecret

    var isAnswered: Bool { self != .forgetSecret }
}
