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
        /// How many of the plan's roles it has; they are given in the plan's order.
        public var granted = 0
        /// When it had all of them: the policy's `replaceWait` begins.
        public var grantedAt: Date?
        /// Why it is given up: what was made of it is to be taken back.
        public var abandonment: Failure?
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

    /// When the policy's `replaceWait` is over; `nil` before all roles are given.
    public var usableAt: Date? {
        provision?.grantedAt.map { $0 + plan.policy.replaceWait }
    }
}
