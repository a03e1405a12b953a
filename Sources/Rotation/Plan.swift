public import FoundationEssentials
public import SinkCore

/// How long things take and last in a rotation; durations are in seconds.
public struct Policy: Codable, Sendable, Equatable {
    /// How long a new credential is valid.
    public var lifetime: TimeInterval = 180 * 86_400
    /// A credential is due when it expires within this time.
    public var rotateWithin: TimeInterval = 30 * 86_400
    /// How long the previous credential stays valid after the new one is applied.
    public var overlap: TimeInterval = 86_400
    /// How often in a row Entra has to accept a new secret before it is delivered; at least 1.
    public var proofs = 3
    /// How long Entra may take to accept a new secret.
    public var proofTimeout: TimeInterval = 600
    /// How long a cluster may take to apply a new secret, its own waiting for others included.
    public var applyTimeout: TimeInterval = 6 * 3_600
    /// How long to wait after a new service principal was made.
    public var replaceWait: TimeInterval = 0

    /// The defaults of the configuration reference.
    public init() {}
}

/// The Entra application or service principal whose secret is rotated.
public struct Identity: Codable, Sendable, Hashable {
    /// Where the identity's credentials are kept; the two objects have lists of their own.
    public enum Object: String, Codable, Sendable, Hashable {
        /// The application object, which the portal shows.
        case application
        /// The service principal object, which `az ad sp credential reset` writes to.
        case servicePrincipal
    }

    /// The application id.
    public let appId: String
    /// The tenant it lives in.
    public let tenant: String
    /// The object that new credentials are added to.
    public let object: Object
    /// That object's id.
    public let objectId: String

    /// Names an identity.
    public init(appId: String, tenant: String, object: Object, objectId: String) {
        self.appId = appId
        self.tenant = tenant
        self.object = object
        self.objectId = objectId
    }
}

/// A cluster that holds a secret of the identity.
public struct Consumer: Codable, Sendable, Hashable {
    /// The name in the configuration; the cluster's own name where it is not configured.
    public let name: String
    /// The cluster's Resource Manager id.
    public let resourceId: String
    /// Which of its secrets it is.
    public let kind: CredentialKind
    /// The client application beside the server application of an ``CredentialKind/entraApp``.
    public let clientAppId: String?

    /// Names a consumer.
    public init(name: String, resourceId: String, kind: CredentialKind, clientAppId: String? = nil) {
        self.name = name
        self.resourceId = resourceId
        self.kind = kind
        self.clientAppId = clientAppId
    }
}

/// One place that the secret is delivered to.
public struct Delivery: Codable, Sendable, Hashable {
    /// The sink's name in the configuration.
    public let sink: String
    /// The name that the secret has in the sink.
    public let name: String
    /// The cluster's name in the configuration, or the identity's: part of the metadata.
    public let cluster: String
    /// Which of the cluster's secrets it is: part of the metadata.
    public let kind: CredentialKind
    /// The client application of an ``CredentialKind/entraApp``: part of the metadata.
    public let clientAppId: String?
    /// Whether the sink can be read back.
    public let isReadable: Bool

    /// Names a place.
    public init(
        sink: String, name: String, cluster: String, kind: CredentialKind, clientAppId: String? = nil,
        isReadable: Bool
    ) {
        self.sink = sink
        self.name = name
        self.cluster = cluster
        self.kind = kind
        self.clientAppId = clientAppId
        self.isReadable = isReadable
    }
}

/// What a rotation sets out to do; fixed once it has begun.
public struct Plan: Codable, Sendable, Equatable {
    /// Whose secret is rotated.
    public let identity: Identity
    /// The clusters that get the new secret, each once.
    public let consumers: [Consumer]
    /// The places that get the new secret before any cluster does.
    public let deliveries: [Delivery]
    /// How long things may take.
    public let policy: Policy
    /// The credentials that this rotation replaces: added by an earlier one, or adopted (R5).
    public let predecessors: [String]
    /// Names of credentials that earlier rotations lost and have not found since (R4).
    public let lostNames: [LostName]
    /// The new identity that takes the place of ``identity``; `nil` where that stays.
    public let replacement: Replacement?
    /// Whether it applies what a sink has, and adds nothing; records of earlier versions do not say so.
    private var appliesOnly: Bool?

    /// Whether it applies what a sink has, and adds nothing.
    public var isApplyOnly: Bool { appliesOnly == true }

    /// Puts a plan together.
    public init(
        identity: Identity, consumers: [Consumer], deliveries: [Delivery], policy: Policy,
        predecessors: [String] = [], lostNames: [LostName] = [], replacement: Replacement? = nil
    ) {
        self.identity = identity
        self.consumers = consumers
        self.deliveries = deliveries
        self.policy = policy
        self.predecessors = predecessors
        self.lostNames = lostNames
        self.replacement = replacement
    }

    /// The same plan for a rotation that adds nothing.
    ///
    /// A credential that is due is applied all the same: it is all that there is.
    func applyingOnly() -> Plan {
        var policy = policy
        policy.rotateWithin = 0
        var plan = Plan(
            identity: identity, consumers: consumers, deliveries: deliveries, policy: policy,
            predecessors: predecessors, lostNames: lostNames)
        plan.appliesOnly = true
        return plan
    }
}

/// A credential that was perhaps added, known by its display name alone.
public struct LostName: Codable, Sendable, Hashable {
    /// The unique name that it was, or would have been, added under.
    public let displayName: String
    /// When its `addPassword` was sent.
    public let since: Date

    /// Remembers a name.
    public init(displayName: String, since: Date) {
        self.displayName = displayName
        self.since = since
    }
}
