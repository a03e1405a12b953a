public import Rotation
public import SinkCore

/// How one target fared: the JSON of `rotate`, `resume`, `plan`, `apply` and `retire`.
public struct RotationReport: Codable, Sendable, Equatable {
    /// What became of a target.
    public enum Outcome: String, Codable, Sendable {
        /// It would be rotated.
        case planned
        /// Every cluster has the new secret.
        case rotated
        /// There was nothing to do.
        case unchanged
        /// It stands still where it is; `resume` goes on.
        case unfinished
        /// Something has to be mended before it can begin; nothing was changed.
        case blocked
        /// It failed, and has left nothing behind.
        case failed
    }

    /// How far one sink is.
    public struct SinkLine: Codable, Sendable, Equatable {
        /// The sink's name in the configuration.
        public var sink: String
        /// `planned`, `delivered`, `failed` or `pending`.
        public var outcome: String
        /// The store's own name for what was written.
        public var version: String?
        /// The name that the secret has in the sink.
        public var name: String
        /// Why it failed.
        public var reason: String?

        enum CodingKeys: String, CodingKey { case sink, outcome, version, name, reason }

        /// Writes the contract's members, `version` also where there is none.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(sink, forKey: .sink)
            try container.encode(outcome, forKey: .outcome)
            try container.encode(version, forKey: .version)
            try container.encode(name, forKey: .name)
            try container.encodeIfPresent(reason, forKey: .reason)
        }
    }

    /// How far one consumer is.
    public struct ConsumerLine: Codable, Sendable, Equatable {
        /// The cluster's name.
        public var cluster: String
        /// `planned`, `applied`, `failed`, `pending` or, where a pipeline applies, `delivered-only`.
        public var outcome: String
        /// Why it failed.
        public var reason: String?
    }

    /// What is removed after the overlap.
    public struct Retire: Codable, Sendable, Equatable {
        /// The credentials.
        public var keyIds: [String]
        /// Not before this moment; `nil` before the new secret is applied.
        public var notBefore: String?
        /// Whether all of them are gone.
        public var done: Bool

        enum CodingKeys: String, CodingKey { case keyIds, notBefore, done }

        /// Writes every member, also where there is no moment.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(keyIds, forKey: .keyIds)
            try container.encode(notBefore, forKey: .notBefore)
            try container.encode(done, forKey: .done)
        }
    }

    /// A credential of the identity that credferry did not add and that nobody has adopted.
    public struct Foreign: Codable, Sendable, Equatable {
        /// Its id.
        public var keyId: String
        /// Its name, if any.
        public var displayName: String?
        /// When it expires.
        public var notAfter: String
    }

    /// A new identity that takes the place of another.
    public struct Replacement: Codable, Sendable, Equatable {
        /// One of the roles that the new service principal gets.
        public struct Role: Codable, Sendable, Equatable {
            /// The role's name, or the resource id of its definition.
            public var role: String
            /// The resource id of what it is over.
            public var scope: String
        }

        /// The application id of the one whose place it takes.
        public var formerAppId: String
        /// The name of the new application.
        public var displayName: String
        /// The roles that it gets.
        public var roles: [Role]
        /// How long is waited before it is used, in seconds.
        public var wait: Double
        /// The name of the new client application, where it is a legacy Entra integration's.
        public var clientDisplayName: String?
        /// What an administrator has to consent to.
        public var consent: String?
        /// Microsoft's advice, where the policy waits less.
        public var advice: String?
    }

    /// The cluster's or identity's name in the configuration.
    public var cluster: String
    /// Which credential of it.
    public var credential: String
    /// The identity's application id, once known.
    public var appId: String?
    /// What became of it.
    public var outcome: Outcome
    /// The new credential.
    public var keyId: String?
    /// When the new credential expires.
    public var notAfter: String?
    /// How far each sink is.
    public var sinks: [SinkLine] = []
    /// How far each consumer is.
    public var consumers: [ConsumerLine] = []
    /// What is removed after the overlap.
    public var retire: Retire?
    /// The new identity that takes the place of another.
    public var replacement: Replacement?
    /// The former identity, where the operator has said what becomes of it: `kept`, `disabled` or `deleted`.
    public var formerIdentity: String?
    /// The identity's credentials that credferry leaves alone.
    public var foreign: [Foreign] = []
    /// What applying means for each cluster: in a plan alone.
    public var preflight: [Preflight]?
    /// Why it is unfinished, blocked or failed; what it is skipped for where it is unchanged.
    public var reason: String?
    /// What the operator can do about it.
    public var hint: String?
    /// What kind of failure the reason is; decides the exit status.
    public var failure: Failure.Kind?

    enum CodingKeys: String, CodingKey {
        case cluster, credential, appId, outcome, keyId, notAfter, sinks, consumers, retire, foreign, reason
        case hint, replacement, formerIdentity, preflight
    }

    /// A report that says nothing yet but whom it is about.
    public init(cluster: String, credential: CredentialKind, outcome: Outcome) {
        self.cluster = cluster
        self.credential = credential.rawValue
        self.outcome = outcome
    }

    /// Writes every member of the contract, `null` where there is nothing to say.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(cluster, forKey: .cluster)
        try container.encode(credential, forKey: .credential)
        try container.encode(appId, forKey: .appId)
        try container.encode(outcome, forKey: .outcome)
        try container.encode(keyId, forKey: .keyId)
        try container.encode(notAfter, forKey: .notAfter)
        try container.encode(sinks, forKey: .sinks)
        try container.encode(consumers, forKey: .consumers)
        try container.encode(retire, forKey: .retire)
        try container.encode(foreign, forKey: .foreign)
        try container.encode(reason, forKey: .reason)
        try container.encodeIfPresent(hint, forKey: .hint)
        try container.encodeIfPresent(replacement, forKey: .replacement)
        try container.encodeIfPresent(formerIdentity, forKey: .formerIdentity)
        try container.encodeIfPresent(preflight, forKey: .preflight)
    }
}
