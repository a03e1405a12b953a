/// All that an operator has decided: the configuration's file, read, checked and with its defaults filled in.
///
/// Nobody is asked and no file but the configuration's own is opened: whether a sink can be reached, a key
/// file exists or a plugin is there is for those to find out who use them.
public struct Configuration: Sendable, Equatable {
    /// The absolute path of the file.
    public let file: String
    /// Which Azure.
    public let cloud: CloudSettings
    /// How credferry itself signs in.
    public let auth: AuthSettings
    /// The folder of the journal: an absolute path.
    public let state: String
    /// How many rotations run at a time: 1 to 1000.
    public let concurrency: Int
    /// The sinks, as the file orders them.
    public let sinks: [SinkSettings]
    /// The clusters, as the file orders them.
    public let clusters: [ClusterSettings]
    /// The identities without a cluster, as the file orders them.
    public let identities: [IdentitySettings]
    /// Where to look for clusters besides ``clusters``.
    public let discover: DiscoverSettings?

    /// Puts a configuration together; it is not checked.
    public init(
        file: String, cloud: CloudSettings = .public, auth: AuthSettings = AuthSettings(), state: String,
        concurrency: Int = 16, sinks: [SinkSettings] = [], clusters: [ClusterSettings] = [],
        identities: [IdentitySettings] = [], discover: DiscoverSettings? = nil
    ) {
        self.file = file
        self.cloud = cloud
        self.auth = auth
        self.state = state
        self.concurrency = concurrency
        self.sinks = sinks
        self.clusters = clusters
        self.identities = identities
        self.discover = discover
    }

    /// Reads the configuration that `text` holds.
    ///
    /// - Parameters:
    ///   - text: the YAML.
    ///   - file: the path that it comes from; relative paths in it start from this file's folder.
    ///   - environment: what `${NAME}` and the default of `state` are taken from.
    /// - Throws: ``ConfigurationError`` about the first thing that is wrong, with the others in it.
    public static func parse(
        _ text: String, file: String, environment: [String: String]
    ) throws(ConfigurationError) -> Configuration {
        let reader = Reader(file: Paths.absolute(file), environment: environment)
        let configuration = reader.configuration(of: try reader.compose(text))
        try reader.finish()
        guard let configuration else {
            // Not reached as long as every value that is refused is reported, which the tests see to.
            throw ConfigurationError("\(file) could not be understood")
        }
        try configuration.checkNames()
        return configuration
    }
}
