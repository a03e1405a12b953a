internal import FoundationEssentials

/// The tenant's directory: applications, service principals and their credentials.
struct Directory: Sendable, Equatable {
    /// Every application and service principal, oldest first.
    private(set) var objects: [DirectoryObject] = []
    /// Where each stands, by its id and by its kind and application id: fleets are large.
    private var positions: [String: Int] = [:]

    /// What Entra says to a secret.
    enum Verdict: Sendable, Equatable {
        /// It is this credential's.
        case accepted(PasswordCredential)
        /// There is no such client, or it has not reached this replica yet.
        case unknownClient
        /// No credential has it, or one has it that has not reached this replica yet.
        case wrongSecret
        /// The credential that has it is past its end.
        case expired(PasswordCredential)
    }

    /// The object of one kind with this object id.
    func object(_ kind: DirectoryObject.Kind, id: String) -> DirectoryObject? {
        positions[id].map { objects[$0] }.flatMap { $0.kind == kind ? $0 : nil }
    }

    /// The object of one kind with this application id.
    func object(_ kind: DirectoryObject.Kind, appId: String) -> DirectoryObject? {
        positions[Self.key(kind, appId.lowercased())].map { objects[$0] }
    }

    /// Judges a secret: of the application's credentials and of the service principal's, either will do.
    ///
    /// - Parameter propagation: how many seconds after its adding a credential or an identity is known to this
    ///   replica.
    func judge(secret: String, of appId: String, at now: Date, propagation: Double) -> Verdict {
        guard let principal = object(.servicePrincipal, appId: appId), principal.isEnabled,
            principal.created.addingTimeInterval(propagation) <= now
        else { return .unknownClient }
        let credentials = (object(.application, appId: appId)?.credentials ?? []) + principal.credentials
        let matching = credentials.filter {
            $0.secret == secret && $0.start <= now && $0.added.addingTimeInterval(propagation) <= now
        }
        if let valid = matching.first(where: { now < $0.end }) { return .accepted(valid) }
        return matching.max { $0.end < $1.end }.map { .expired($0) } ?? .wrongSecret
    }

    /// Adds an application or a service principal.
    mutating func add(_ object: DirectoryObject) {
        objects.append(object)
        index(objects.count - 1)
    }

    private mutating func index(_ position: Int) {
        let object = objects[position]
        positions[object.id] = position
        positions[Self.key(object.kind, object.appId)] = position
    }

    private static func key(_ kind: DirectoryObject.Kind, _ appId: String) -> String {
        "\(kind.rawValue) \(appId)"
    }

    /// Removes an object; an application takes its service principal with it.
    mutating func remove(_ object: DirectoryObject) {
        objects.removeAll {
            $0.id == object.id || (object.kind == .application && $0.appId == object.appId)
        }
        positions.removeAll()
        for position in objects.indices { index(position) }
    }

    /// Changes an object in place.
    mutating func update(id: String, _ change: (inout DirectoryObject) -> Void) {
        guard let position = positions[id] else { return }
        change(&objects[position])
    }
}

extension Directory {
    /// Makes an application together with its service principal.
    ///
    /// - Returns: the application.
    @discardableResult
    mutating func addIdentity(named displayName: String, at now: Date) -> DirectoryObject {
        let application = DirectoryObject(
            kind: .application, id: Random.guid(), appId: Random.guid(), displayName: displayName,
            created: now)
        add(application)
        add(
            DirectoryObject(
                kind: .servicePrincipal, id: Random.guid(), appId: application.appId,
                displayName: displayName, created: now))
        return application
    }

    /// Adds a credential to an object.
    ///
    /// - Parameter added: when it was added, as far as propagation is concerned.
    @discardableResult
    mutating func addCredential(
        to id: String, displayName: String?, secret: String = Random.secret(), start: Date, end: Date,
        added: Date
    ) -> PasswordCredential {
        let credential = PasswordCredential(
            keyId: Random.guid(), displayName: displayName, secret: secret, start: start, end: end,
            added: added)
        update(id: id) { $0.credentials.append(credential) }
        return credential
    }

    /// Removes a credential from an object.
    ///
    /// - Returns: whether it was there.
    mutating func removeCredential(_ keyId: String, from id: String) -> Bool {
        var found = false
        update(id: id) { object in
            let kept = object.credentials.filter { $0.keyId != keyId.lowercased() }
            found = kept.count < object.credentials.count
            object.credentials = kept
        }
        return found
    }
}
