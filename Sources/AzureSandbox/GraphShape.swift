internal import FoundationEssentials

/// Directory objects as Graph shows them: every property that the recorded answers of the real service have.
enum GraphShape {
    /// An object, or the selected properties of it.
    static func object(_ object: DirectoryObject, _ cloud: Cloud, select: [String]?) -> JSON {
        let whole =
            switch object.kind {
            case .application: application(object, cloud)
            case .servicePrincipal: servicePrincipal(object, cloud)
            }
        let members = (whole.members ?? []).map { member in
            guard member.name != "keyCredentials" else {
                return JSON.Member(
                    name: member.name,
                    value: certificates(object, revealing: select?.contains(member.name) ?? false))
            }
            return JSON.Member(name: member.name, value: object.extra[member.name] ?? member.value)
        }
        guard let select else { return .object(members) }
        return .object(members.filter { select.contains($0.name) })
    }

    /// A credential; its secret is shown only to who adds it.
    static func credential(_ credential: PasswordCredential, revealing: Bool) -> JSON {
        [
            "customKeyIdentifier": nil, "displayName": JSON(credential.displayName),
            "endDateTime": .string(Moment.seconds(credential.end)), "hint": .string(credential.hint),
            "keyId": .string(credential.keyId),
            "secretText": revealing ? .string(credential.secret) : nil,
            "startDateTime": .string(Moment.seconds(credential.start)),
        ]
    }

    /// The properties that a client may write, besides `displayName`.
    static func writable(_ kind: DirectoryObject.Kind) -> Set<String> {
        switch kind {
        case .application:
            [
                "api", "appRoles", "addIns", "description", "groupMembershipClaims", "identifierUris", "info",
                "isDeviceOnlyAuthSupported", "isFallbackPublicClient", "keyCredentials", "notes",
                "optionalClaims", "parentalControlSettings", "publicClient", "requiredResourceAccess",
                "serviceManagementReference", "signInAudience", "spa", "tags", "tokenEncryptionKeyId", "web",
            ]
        case .servicePrincipal:
            [
                "accountEnabled", "addIns", "alternativeNames", "appRoleAssignmentRequired", "description",
                "homepage", "keyCredentials", "loginUrl", "logoutUrl", "notes", "notificationEmailAddresses",
                "preferredSingleSignOnMode", "replyUrls", "servicePrincipalNames", "tags",
            ]
        }
    }

    /// Refuses a property that no object of this kind has.
    static func requireProperty(_ name: String, of kind: DirectoryObject.Kind) throws(GraphError) {
        guard properties[kind]?.contains(name) == true else {
            throw .unknownProperty(name, of: "microsoft.graph.\(kind.rawValue)")
        }
    }

    /// Every property's name, which an object of no meaning has as well as any other.
    private static let properties: [DirectoryObject.Kind: Set<String>] = {
        var properties: [DirectoryObject.Kind: Set<String>] = [:]
        for kind in DirectoryObject.Kind.allCases {
            let sample = DirectoryObject(
                kind: kind, id: "", appId: "", displayName: "", created: .distantPast)
            let shape = object(sample, Cloud(), select: nil)
            properties[kind] = writable(kind).union((shape.members ?? []).map(\.name))
        }
        return properties
    }()

    private static func application(_ object: DirectoryObject, _ cloud: Cloud) -> JSON {
        let start: JSON = [
            "id": .string(object.id), "deletedDateTime": nil, "appId": .string(object.appId),
            "applicationTemplateId": nil, "disabledByMicrosoftStatus": nil,
            "createdDateTime": .string(Moment.seconds(object.created)),
            "displayName": .string(object.displayName), "description": nil, "groupMembershipClaims": nil,
            "identifierUris": [], "isDeviceOnlyAuthSupported": nil, "isFallbackPublicClient": nil,
            "notes": nil, "publisherDomain": .string(cloud.domain), "serviceManagementReference": nil,
            "signInAudience": "AzureADMyOrg", "tags": [], "tokenEncryptionKeyId": nil,
            "defaultRedirectUri": nil, "certification": nil, "optionalClaims": nil, "addIns": [],
        ]
        let api: JSON = [
            "acceptMappedClaims": nil, "knownClientApplications": [], "requestedAccessTokenVersion": nil,
            "oauth2PermissionScopes": [], "preAuthorizedApplications": [],
        ]
        let web: JSON = [
            "homePageUrl": nil, "logoutUrl": nil, "redirectUris": [],
            "implicitGrantSettings": ["enableAccessTokenIssuance": false, "enableIdTokenIssuance": false],
        ]
        let end: JSON = [
            "api": api, "appRoles": [], "info": info, "keyCredentials": [],
            "parentalControlSettings": ["countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"],
            "passwordCredentials": passwords(object), "publicClient": ["redirectUris": []],
            "requiredResourceAccess": [], "verifiedPublisher": verifiedPublisher, "web": web,
            "spa": ["redirectUris": []],
        ]
        return start.with(contentsOf: end)
    }

    private static func servicePrincipal(_ object: DirectoryObject, _ cloud: Cloud) -> JSON {
        let start: JSON = [
            "id": .string(object.id), "deletedDateTime": nil, "accountEnabled": true, "alternativeNames": [],
            "appDisplayName": .string(object.displayName), "appDescription": nil,
            "appId": .string(object.appId), "applicationTemplateId": nil,
            "appOwnerOrganizationId": .string(cloud.tenant), "appRoleAssignmentRequired": false,
            "createdDateTime": .string(Moment.seconds(object.created)), "description": nil,
            "disabledByMicrosoftStatus": nil, "displayName": .string(object.displayName), "homepage": nil,
            "loginUrl": nil, "logoutUrl": nil, "notes": nil, "notificationEmailAddresses": [],
            "preferredSingleSignOnMode": nil, "preferredTokenSigningKeyThumbprint": nil, "replyUrls": [],
        ]
        let end: JSON = [
            "servicePrincipalNames": [.string(object.appId)], "servicePrincipalType": "Application",
            "signInAudience": "AzureADMyOrg", "tags": [], "tokenEncryptionKeyId": nil,
            "samlSingleSignOnSettings": nil, "verifiedPublisher": verifiedPublisher, "addIns": [],
            "appRoles": [], "info": info, "keyCredentials": [], "oauth2PermissionScopes": [],
            "passwordCredentials": passwords(object), "resourceSpecificApplicationPermissions": [],
        ]
        return start.with(contentsOf: end)
    }

    /// An object's certificates; the certificate itself is shown to who asks for it by name.
    private static func certificates(_ object: DirectoryObject, revealing: Bool) -> JSON {
        .array(
            (object.extra["keyCredentials"]?.elements ?? []).map { credential in
                revealing ? credential : credential.with("key", .null)
            })
    }

    private static func passwords(_ object: DirectoryObject) -> JSON {
        .array(object.credentials.map { credential($0, revealing: false) })
    }

    private static let info: JSON = [
        "logoUrl": nil, "marketingUrl": nil, "privacyStatementUrl": nil, "supportUrl": nil,
        "termsOfServiceUrl": nil,
    ]

    private static let verifiedPublisher: JSON = [
        "displayName": nil, "verifiedPublisherId": nil, "addedDateTime": nil,
    ]
}
