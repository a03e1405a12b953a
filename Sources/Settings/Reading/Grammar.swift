/// The keys of the configuration, mapping by mapping; `config/credferry.schema.json` says the same.
enum Grammar {
    static let root = [
        "version", "cloud", "auth", "state", "concurrency", "sinks", "defaults", "clusters", "identities",
        "discover",
    ]
    static let cloud = [
        "authorityHost", "graphEndpoint", "resourceManagerEndpoint", "keyVaultSuffix", "graphAudience",
        "resourceManagerAudience", "keyVaultAudience", "certificateAuthorities",
    ]
    static let auth = [
        "method", "tenant", "client", "secretFile", "secretEnvironment", "certificateFile",
        "certificatePasswordFile",
    ]
    static let defaults = ["sinks", "policy"]
    static let policy = [
        "lifetime", "rotateWithin", "overlap", "proofs", "proofTimeout", "applyTimeout", "replaceWait",
    ]
    static let cluster = [
        "name", "subscription", "resourceGroup", "cluster", "credentials", "sinks", "policy", "apply",
    ]
    static let identity = ["name", "appId", "sinks", "policy"]
    static let discover = ["subscriptions"]

    /// The types of sinks.
    enum SinkType: String, CaseIterable {
        case keyring
        case keyVault = "key-vault"
        case file
        case environment
        case plugin

        var keys: [String] {
            switch self {
            case .keyring: ["type", "collection", "label"]
            case .keyVault: ["type", "vault", "secret"]
            case .file: ["type", "path", "format"]
            case .environment: ["type", "path", "format", "variables"]
            case .plugin: ["type", "plugin", "name", "options"]
            }
        }
    }
}
