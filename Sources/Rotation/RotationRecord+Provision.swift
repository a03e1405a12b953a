public import FoundationEssentials

extension RotationRecord {
    /// How far the making of a new identity is.
    public struct Provision: Codable, Sendable, Equatable {
        /// The unique name of the application.
        public let displayName: String
        /// When the intent to make it was written.
        public let intendedAt: Date
        /// The new identity, once the application is known.
        public var identity: Identity?
        /// Its service principal's object id, once that is known.
        public var principalId: String?
        /// The client application beside a server application, once the intent to make it was written.
        public var client: Client?
        /// When the operator said that an administrator has consented to the server's permissions.
        public var consentedAt: Date?
        /// How many of the plan's roles it has; they are given in the plan's order.
        public var granted = 0
        /// When it had all of them: the policy's `replaceWait` begins.
        public var grantedAt: Date?
        /// Why it is given up: what was made of it is to be taken back.
        public var abandonment: Failure?

        /// How far the making of a client application is.
        public struct Client: Codable, Sendable, Equatable {
            /// The unique name of the application.
            public let displayName: String
            /// When the intent to make it was written.
            public let intendedAt: Date
            /// The application, once it is known.
            public var identity: Identity?
            /// Its service principal's object id, once that is known.
            public var principalId: String?
            /// Whether it may use the server's scope.
            public var isLinked = false
        }

        /// The application that is being made, by its name and the time of the intent.
        var underWay: (displayName: String, since: Date)? {
            if identity == nil { return (displayName, intendedAt) }
            guard let client, client.identity == nil else { return nil }
            return (client.displayName, client.intendedAt)
        }
    }

    /// The identity that credentials are added to and that clusters get: a new one, where one is made.
    public var identity: Identity { provision?.identity ?? plan.identity }

    /// The identity that a new one takes the place of; `nil` where the plan's own stays.
    public var former: Identity? { plan.replacement == nil ? nil : plan.identity }

    /// Every application id that it is about.
    public var appIds: [String] {
        var appIds = [plan.identity.appId.lowercased()]
        if let made = provision?.identity?.appId.lowercased(), !appIds.contains(made) { appIds.append(made) }
        return appIds
    }

    /// The application of this name, as it is to be made.
    func newApplication(named displayName: String) -> NewApplication {
        guard let entra = plan.replacement?.entra else {
            return NewApplication(displayName: displayName, purpose: .servicePrincipal)
        }
        guard let server = provision?.identity else {
            return NewApplication(displayName: displayName, purpose: .entraServer(scopeId: entra.scopeId))
        }
        return NewApplication(
            displayName: displayName,
            purpose: .entraClient(serverAppId: server.appId, scopeId: entra.scopeId))
    }

    /// A consumer as it is to be: with the new client application, where one is made.
    func consumer(_ index: Int) -> Consumer {
        let consumer = plan.consumers[index]
        guard let client = provision?.client?.identity else { return consumer }
        return Consumer(
            name: consumer.name, resourceId: consumer.resourceId, kind: consumer.kind,
            clientAppId: client.appId)
    }

    /// When the policy's `replaceWait` is over; `nil` before all roles are given.
    public var usableAt: Date? {
        provision?.grantedAt.map { $0 + plan.policy.replaceWait }
    }
}
