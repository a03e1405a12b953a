/// The precautions of the machine, each of which a test can switch off, to see that the simulator notices.
///
/// Only this package can name them, and the initialiser that everybody uses switches none of them off.
package enum Guard: String, Sendable, CaseIterable {
    /// A secret is delivered only after Entra has accepted it.
    case prove
    /// The rotator that added its credential later withdraws.
    case contention
    /// Clusters get the secret only after every sink has it.
    case putBeforeApply
    /// A sink that can be read has the secret only once it gives it back.
    case readBack
    /// What is replaced stays valid until the overlap is over.
    case overlap
    /// Only what credferry added, or the operator adopted, is removed.
    case onlyOurs
    /// A lost credential is known by its whole name.
    case exactName
    /// A lost credential that a sink may hand out stays until every sink has the next one.
    case wasPut
    /// A lost credential that a cluster may hold stays until the overlap is over.
    case wasSent
    /// A cluster that is well has the secret only where its last operation was the rotation's own.
    case ownOperation
    /// That an operation was the last one is known only to who watched the cluster all the time.
    case watched
    /// A credential whose `addPassword` got no answer is looked for until the directory must know it.
    case sweep
    /// A lost credential was never added only where a replica that knows of a later one does not list it.
    case freshList
    /// Nothing is replaced before every consumer has the new secret.
    case everyConsumer
    /// A secret that is about to expire is given to nobody.
    case expiry
    /// The overlap never begins before the new credential.
    case clock
    /// A cluster that was given to another identity is left alone.
    case gone
    /// An application whose making got no answer is looked for until the directory must know it.
    case findApplication
    /// A new identity has all of its roles before it is used.
    case granted
    /// A new server application is not used before an administrator has consented to its permissions.
    case consent
    /// A new identity is not used before the policy's wait is over.
    case replaceWait
    /// A new identity that is given up is taken back.
    case unmake
}

extension Rotation {
    /// Whether a test has switched `precaution` off.
    func lacks(_ precaution: Guard) -> Bool { precaution == disabled }

    /// Whether `condition`, which `precaution` asks for, is met; always where a test has switched it off.
    func isMet(_ precaution: Guard, _ condition: @autoclosure () -> Bool) -> Bool {
        precaution == disabled || condition()
    }
}
