public import SinkCore

/// A cluster whose credentials are rotated.
public struct ClusterSettings: Sendable, Equatable {
    /// What TARGETs and `{cluster}` call it.
    public let name: Located<String>
    /// The subscription that it is in: a UUID, lower case.
    public let subscription: Located<String>
    /// The resource group that it is in.
    public let resourceGroup: Located<String>
    /// What Azure calls it.
    public let cluster: Located<String>
    /// Which of its credentials are rotated; `nil` is whatever it has.
    public let credentials: [CredentialKind]?
    /// The names of the sinks that its secrets are delivered to, at least one.
    public let sinks: [Located<String>]
    /// When and how its credentials are rotated.
    public let policy: PolicySettings
    /// Whether new secrets are applied to the cluster; where not, a pipeline does.
    public let apply: Bool

    /// Describes a cluster.
    public init(
        name: Located<String>, subscription: Located<String>, resourceGroup: Located<String>,
        cluster: Located<String>, credentials: [CredentialKind]?, sinks: [Located<String>],
        policy: PolicySettings, apply: Bool
    ) {
        self.name = name
        self.subscription = subscription
        self.resourceGroup = resourceGroup
        self.cluster = cluster
        self.credentials = credentials
        self.sinks = sinks
        self.policy = policy
        self.apply = apply
    }
}

/// An Entra application without a cluster.
public struct IdentitySettings: Sendable, Equatable {
    /// What TARGETs and `{cluster}` call it.
    public let name: Located<String>
    /// Its application id: a UUID, lower case.
    public let appId: Located<String>
    /// The names of the sinks that its secrets are delivered to, at least one.
    public let sinks: [Located<String>]
    /// When and how its credential is rotated.
    public let policy: PolicySettings

    /// Describes an identity.
    public init(
        name: Located<String>, appId: Located<String>, sinks: [Located<String>], policy: PolicySettings
    ) {
        self.name = name
        self.appId = appId
        self.sinks = sinks
        self.policy = policy
    }
}

/// Where clusters are looked for that the configuration does not list.
public struct DiscoverSettings: Sendable, Equatable {
    /// The subscriptions: UUIDs, lower case.
    public let subscriptions: [Located<String>]
    /// The names of the sinks of what is found: the defaults, at least one.
    public let sinks: [Located<String>]
    /// The policy for what is found: the defaults.
    public let policy: PolicySettings

    /// Describes where to look.
    public init(subscriptions: [Located<String>], sinks: [Located<String>], policy: PolicySettings) {
        self.subscriptions = subscriptions
        self.sinks = sinks
        self.policy = policy
    }
}
