internal import FoundationEssentials
internal import SecretMemory

/// What an application has beside its name: the part of Graph's `application` that is written here.
///
/// A property that is `nil` is left as it is.
public struct ApplicationProperties: Encodable, Sendable {
    /// A scope that an application offers to others.
    public struct Scope: Encodable, Sendable {
        let id: String
        let value: String
        let type = "User"
        let isEnabled = true
        let adminConsentDisplayName: String
        let adminConsentDescription: String

        /// A scope that users may consent to.
        public init(id: String, value: String, displayName: String, description: String) {
            self.id = id
            self.value = value
            adminConsentDisplayName = displayName
            adminConsentDescription = description
        }
    }

    /// An application that may use scopes without asking each user.
    public struct PreAuthorized: Encodable, Sendable {
        let appId: String
        let delegatedPermissionIds: [String]

        /// Lets `appId` use the scopes of these ids.
        public init(appId: String, scopes: [String]) {
            self.appId = appId
            delegatedPermissionIds = scopes
        }
    }

    /// What others may use of an application.
    public struct API: Encodable, Sendable {
        let oauth2PermissionScopes: [Scope]
        let preAuthorizedApplications: [PreAuthorized]

        /// Scopes, and who may use them without asking each user.
        public init(scopes: [Scope], preAuthorized: [PreAuthorized] = []) {
            oauth2PermissionScopes = scopes
            preAuthorizedApplications = preAuthorized
        }
    }

    /// What an application wants of another.
    public struct Access: Encodable, Sendable {
        /// One permission.
        public struct Permission: Encodable, Sendable {
            let id: String
            let type: String

            /// A permission that users delegate.
            public static func scope(_ id: String) -> Permission { Permission(id: id, type: "Scope") }
            /// A permission that the application has by itself.
            public static func role(_ id: String) -> Permission { Permission(id: id, type: "Role") }
        }

        let resourceAppId: String
        let resourceAccess: [Permission]

        /// Permissions of the application `resourceAppId`.
        public init(_ resourceAppId: String, _ permissions: [Permission]) {
            self.resourceAppId = resourceAppId
            resourceAccess = permissions
        }
    }

    /// Where a public client may be sent back to.
    public struct PublicClient: Encodable, Sendable {
        let redirectUris: [String]

        /// These places.
        public init(redirectUris: [String]) {
            self.redirectUris = redirectUris
        }
    }

    /// Which groups of a user stand in tokens.
    public var groupMembershipClaims: String?
    /// What others may use of it.
    public var api: API?
    /// What it wants of others.
    public var requiredResourceAccess: [Access]?
    /// Where a public client may be sent back to.
    public var publicClient: PublicClient?
    /// Whether it is a public client, which can keep no secret, where a flow does not tell.
    public var isFallbackPublicClient: Bool?

    private var displayName: String?
    private var signInAudience: String?

    /// Nothing yet.
    public init() {}

    /// The body of a request that makes an application, or changes one where there is no name.
    func body(named displayName: String?) throws(AzureError) -> SecretBuffer {
        var whole = self
        whole.displayName = displayName
        whole.signInAudience = displayName.map { _ in "AzureADMyOrg" }
        guard let data = try? JSONEncoder().encode(whole) else {
            throw AzureError(.refused, "an application's properties cannot be written as JSON")
        }
        var body = SecretBuffer()
        body.append(String(decoding: data, as: UTF8.self))
        return body
    }
}
