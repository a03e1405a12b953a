import FoundationEssentials
import Rotation
import SecretMemory

/// A credential of the identity; its number is its secret.
struct Credential {
    let displayName: String?
    /// The identity that it is of, by number.
    let application: Int
    /// The computer that added it; `nil` where other people did.
    let owner: Int?
    let addedAt: Double
    let notAfter: Double
    var removedAt: Double?
    /// Whether a cluster ever held it.
    var wasHeld = false
    /// By computer: when its rotation had given every consumer a later one, and when that one was added.
    var replacements: [Int: (at: Double, addedAt: Double)] = [:]
    /// Whether AKS refuses its characters.
    var isBad = false
}

extension World {
    func keyId(_ number: Int) -> String { "key-\(number)" }

    func number(_ keyId: String) -> Int { Int(keyId.dropFirst(4)) ?? 0 }

    func fingerprint(_ secret: Int) -> Fingerprint? {
        let digits = String(secret + 2, radix: 16)
        return Fingerprint(String(repeating: "0", count: 32 - digits.count) + digits)
    }

    @discardableResult
    func addCredential(
        _ displayName: String?, owner: Int?, lifetime: Double, of application: Int = 0
    ) -> Int {
        credentials.append(
            Credential(
                displayName: displayName, application: application, owner: owner, addedAt: now,
                notAfter: now + lifetime,
                isBad: owner != nil && chance.happens(weather.badCharacters)))
        return credentials.count - 1
    }

    func isRemoved(_ secret: Int) -> Bool { secret >= 0 && credentials[secret].removedAt != nil }

    /// Whether a replica of Entra that lags by `lag` accepts a secret.
    func isAccepted(_ secret: Int, lag: Double) -> Bool {
        guard secret >= 0 else { return false }
        let credential = credentials[secret]
        return credential.removedAt == nil && now < credential.notAfter && now >= credential.addedAt + lag
    }

    // MARK: Calls

    func add(_ displayName: String, _ notAfter: Date, _ process: RotatorProcess) -> Event? {
        if credentials.contains(where: { $0.displayName == displayName }) {
            breaks("R4", "two credentials of the name \(displayName)")
        }
        let application = application(process.rotation.record.identity)
        guard application == 0 || isKnown(application) else {
            return .addFailed(Failure(.notFound, "404"))
        }
        checkProvisioned(application, process)
        let clock = computers[process.computer].date(now)
        let number = addCredential(
            displayName, owner: process.computer, lifetime: notAfter.timeIntervalSince(clock),
            of: application)
        process.held = number
        guard let fingerprint = fingerprint(number) else { return nil }
        return .added(
            keyId: keyId(number), notBefore: Date(timeIntervalSince1970: now),
            notAfter: Date(timeIntervalSince1970: credentials[number].notAfter), fingerprint: fingerprint)
    }

    /// What one replica knows: everything up to some moment.
    func list(_ process: RotatorProcess) -> Event {
        let identities = identities(process)
        let moment = now - (chance.happens(50) ? chance.between(0, weather.directoryLag) : 0)
        return .listed(
            credentials.indices.compactMap { number in
                let credential = credentials[number]
                guard identities.contains(credential.application), credential.addedAt <= moment,
                    credential.removedAt.map({ $0 > moment }) ?? true
                else {
                    return nil
                }
                return Listed(
                    keyId: keyId(number), displayName: credential.displayName,
                    notBefore: Date(timeIntervalSince1970: credential.addedAt),
                    notAfter: Date(timeIntervalSince1970: credential.notAfter))
            })
    }

    func prove(_ process: RotatorProcess) -> Event {
        guard let held = process.held else { return .proofFailed(Failure(.secretLost, "not at hand")) }
        guard isAccepted(held, lag: chance.pick(entraLags)) else {
            return .proofFailed(Failure(.notPropagated, "AADSTS7000215"))
        }
        return .proved
    }

    func remove(_ keyId: String, _ process: RotatorProcess) -> Event {
        let number = number(keyId)
        if credentials[number].removedAt == nil, identities(process).contains(credentials[number].application)
        {
            checkRemoval(number, process)
            credentials[number].removedAt = now
        }
        return .removed(keyId: keyId)
    }
}
