/// The JSON of `status`.
public struct StatusReport: Codable, Sendable, Equatable {
    /// One credential of one cluster, or of one identity.
    public struct Line: Codable, Sendable, Equatable {
        /// The states, the most urgent first.
        public enum State: String, Codable, Sendable, CaseIterable {
            /// It is no longer valid.
            case expired
            /// A rotation of it stands still.
            case unfinished
            /// It expires within the policy's `rotateWithin`.
            case due
            /// Previous credentials wait to be removed, and their overlap is over.
            case retireDue = "retire-due"
            /// Nothing is to be done.
            case ok
        }

        /// The cluster's or identity's name in the configuration.
        public var cluster: String
        /// Which credential of it.
        public var credential: String
        /// The identity's application id.
        public var appId: String
        /// The credential that credferry applied last.
        public var keyId: String?
        /// When that expires; the latest of the identity's where credferry never rotated it.
        public var notAfter: String?
        /// Whole days until then; negative where it has expired.
        public var daysLeft: Int?
        /// What is to be done.
        public var state: State
        /// Other clusters that run under the same identity.
        public var sharedWith: [String]
        /// The sinks that it is delivered to.
        public var sinks: [String]
        /// Whether credferry applies it; `false` where a pipeline does.
        public var apply: Bool
        /// The identity's other credentials.
        public var others: [Other]
        /// Why a rotation of it stands still.
        public var reason: String?

        enum CodingKeys: String, CodingKey {
            case cluster, credential, appId, keyId, notAfter, daysLeft, state, sharedWith, sinks, apply,
                others
            case reason
        }

        /// Writes every member of the contract, `null` where there is nothing to say.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(cluster, forKey: .cluster)
            try container.encode(credential, forKey: .credential)
            try container.encode(appId, forKey: .appId)
            try container.encode(keyId, forKey: .keyId)
            try container.encode(notAfter, forKey: .notAfter)
            try container.encode(daysLeft, forKey: .daysLeft)
            try container.encode(state, forKey: .state)
            try container.encode(sharedWith, forKey: .sharedWith)
            try container.encode(sinks, forKey: .sinks)
            try container.encode(apply, forKey: .apply)
            try container.encode(others, forKey: .others)
            try container.encodeIfPresent(reason, forKey: .reason)
        }
    }

    /// A credential of the identity beside the one in use.
    public struct Other: Codable, Sendable, Equatable {
        /// Its id.
        public var keyId: String
        /// Its name.
        public var displayName: String?
        /// When it expires.
        public var notAfter: String
        /// `credferry` or `other`.
        public var added: String
        /// `superseded`, `lost` or `foreign`.
        public var state: String
        /// When it may be removed.
        public var retireNotBefore: String?
        /// Which of the identity's objects it is at: `application` or `servicePrincipal`.
        public var object: String

        enum CodingKeys: String, CodingKey {
            case keyId, displayName, notAfter, added, state, retireNotBefore, object
        }

        /// Writes every member, `null` where there is nothing to say.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(keyId, forKey: .keyId)
            try container.encode(displayName, forKey: .displayName)
            try container.encode(notAfter, forKey: .notAfter)
            try container.encode(added, forKey: .added)
            try container.encode(state, forKey: .state)
            try container.encode(retireNotBefore, forKey: .retireNotBefore)
            try container.encode(object, forKey: .object)
        }
    }

    /// A configured credential with nothing to rotate, or out of reach.
    public struct Skip: Codable, Sendable, Equatable {
        /// Why.
        public enum Reason: String, Codable, Sendable {
            /// The cluster runs under a managed identity, which needs no rotation.
            case managedIdentity = "managed-identity"
            /// Entra integration is managed by Azure.
            case managedEntra = "managed-entra"
            /// The cluster or application does not exist.
            case notFound = "not-found"
            /// The signed-in account may not read it.
            case forbidden
            /// The cluster is stopped.
            case stopped
        }

        /// The cluster's name in the configuration.
        public var cluster: String
        /// Which credential of it.
        public var credential: String
        /// Why.
        public var reason: Reason
        /// What Azure says of it, where it says anything.
        public var detail: String?

        /// The reason in words.
        public var words: String { detail.map { "\(reason.words): \($0)" } ?? reason.words }
    }

    /// Every credential that can be rotated.
    public var credentials: [Line]
    /// Everything else that is configured.
    public var skipped: [Skip]
}
