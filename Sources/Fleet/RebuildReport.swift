/// The JSON of `doctor --rebuild-journal`.
public struct RebuildReport: Codable, Sendable, Equatable {
    /// What was found of one credential of one cluster.
    public struct Line: Codable, Sendable, Equatable {
        /// What the new journal says of it.
        public enum State: String, Codable, Sendable {
            /// It is in use.
            case applied
            /// `resume` has to give it to the clusters and sinks (again).
            case unfinished
            /// No sink has a secret that Entra accepts: for credferry, it was never rotated.
            case unknown
        }

        /// The cluster's or identity's name in the configuration.
        public var cluster: String
        /// Which credential of it.
        public var credential: String
        /// The identity's application id.
        public var appId: String
        /// The credential whose secret the sinks hand out.
        public var keyId: String?
        /// What the new journal says of it.
        public var state: State
        /// The sinks that have its secret.
        public var sinks: [String]
        /// The credentials that go once the overlap is over, known by their names as credferry's.
        public var retire: [String]
        /// The identity's other credentials.
        public var foreign: [String]

        /// Writes every key, those without a value as null.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(cluster, forKey: .cluster)
            try container.encode(credential, forKey: .credential)
            try container.encode(appId, forKey: .appId)
            try container.encode(keyId, forKey: .keyId)
            try container.encode(state, forKey: .state)
            try container.encode(sinks, forKey: .sinks)
            try container.encode(retire, forKey: .retire)
            try container.encode(foreign, forKey: .foreign)
        }
    }

    /// Whether there is a new journal; not where the old one is sound.
    public var rebuilt: Bool
    /// The folder that the old one's files were moved to, where there were any.
    public var damaged: String?
    /// What was found.
    public var credentials: [Line]

    /// Writes every key, those without a value as null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(rebuilt, forKey: .rebuilt)
        try container.encode(damaged, forKey: .damaged)
        try container.encode(credentials, forKey: .credentials)
    }
}
