internal import FoundationEssentials

/// What Resource Manager answers when it refuses: its gateway wraps errors, AKS behind it does not.
struct ResourceManagerError: Error {
    /// Who answers.
    private enum Origin {
        case gateway
        /// AKS, where it has one with a finer code of its own.
        case provider(subcode: String?)
    }

    private let status: Int
    private let code: String
    private let message: String
    private var origin = Origin.gateway
    private var headers: [(name: String, value: String)] = []

    private init(_ status: Int, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    private static func provider(_ status: Int, _ code: String, _ message: String, subcode: String?)
        -> ResourceManagerError
    {
        var error = ResourceManagerError(status, code, message)
        error.origin = .provider(subcode: subcode)
        return error
    }

    /// The whole answer.
    var answer: WireAnswer {
        let body: JSON = ["code": .string(code), "message": .string(message)]
        switch origin {
        case .gateway:
            return WireAnswer(
                status, ["error": body], headers: headers + [("x-ms-failure-cause", "gateway")])
        case .provider(nil):
            return WireAnswer(status, body, contentType: "application/json")
        case .provider(let subcode?):
            let end: JSON = ["details": nil, "subcode": .string(subcode)]
            return WireAnswer(status, body.with(contentsOf: end), contentType: "application/json")
        }
    }
}

// MARK: The gateway's

extension ResourceManagerError {
    /// The answer to a token that is not valid.
    init(_ fault: TokenFault, audience: String, login: String, tenant: String, at now: Date) {
        let (code, message) =
            switch fault {
            case .missing:
                ("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
            case .malformed: ("InvalidAuthenticationToken", "The access token is invalid.")
            case .signature:
                (
                    "InvalidAuthenticationToken",
                    "The access token is from the wrong issuer or was tampered with."
                )
            case .expired(let end):
                (
                    "ExpiredAuthenticationToken",
                    "The access token expiry UTC time '\(Moment.seconds(end))' is earlier than current UTC "
                        + "time '\(Moment.seconds(now))'."
                )
            case .audience(let wrong):
                (
                    "InvalidAuthenticationTokenAudience",
                    "The access token has been obtained for wrong audience or resource '\(wrong)'. It should "
                        + "exactly match with one of the allowed audiences '\(audience)/','\(audience)'."
                )
            }
        self.init(401, code, message)
        headers = [
            (
                "www-authenticate",
                "Bearer authorization_uri=\"\(login)/\(tenant)\", error=\"invalid_token\", "
                    + "error_description=\"\(message)\""
            )
        ]
    }

    static let missingApiVersion = ResourceManagerError(
        400, "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.")
    static let forgedOperation = ResourceManagerError(
        403, "InvalidOperationUrl", "The signature of the operation's URL is not valid.")
    static let operationNotFound = ResourceManagerError.provider(
        404, "NotFound", "The entity was not found.", subcode: nil)
    static let unreadableBody = ResourceManagerError(
        400, "InvalidRequestContent", "The request content was invalid and could not be deserialized.")

    static func invalidApiVersion(_ version: String, supported: [String]) -> ResourceManagerError {
        ResourceManagerError(
            400, "InvalidApiVersionParameter",
            "The api-version '\(version)' is invalid. The supported versions are "
                + "'\(supported.joined(separator: ","))'.")
    }

    static func noProvider(_ version: String, location: String, type: String, supported: [String])
        -> ResourceManagerError
    {
        ResourceManagerError(
            400, "NoRegisteredProviderFound",
            "No registered resource provider found for location '\(location)' and API version '\(version)' "
                + "for type '\(type)'. The supported api-versions are "
                + "'\(supported.joined(separator: ", "))'. The supported locations are '\(location)'.")
    }

    static func subscriptionNotFound(_ id: String) -> ResourceManagerError {
        ResourceManagerError(404, "SubscriptionNotFound", "The subscription '\(id)' could not be found.")
    }

    static func resourceGroupNotFound(_ name: String) -> ResourceManagerError {
        ResourceManagerError(404, "ResourceGroupNotFound", "Resource group '\(name)' could not be found.")
    }

    static func clusterNotFound(_ name: String, resourceGroup: String) -> ResourceManagerError {
        ResourceManagerError(
            404, "ResourceNotFound",
            "The Resource 'Microsoft.ContainerService/managedClusters/\(name)' under resource group "
                + "'\(resourceGroup)' was not found. For more details please go to "
                + "https://aka.ms/ARMResourceNotFoundFix")
    }

    static func noSuchResource(_ path: String) -> ResourceManagerError {
        ResourceManagerError(404, "InvalidResourceType", "The sandbox serves no resource at '\(path)'.")
    }

    static func methodNotAllowed(_ method: String) -> ResourceManagerError {
        ResourceManagerError(
            405, "HttpMethodNotSupported", "The http method '\(method)' is not supported for this resource.")
    }

    static func unsupportedFilter(_ filter: String) -> ResourceManagerError {
        ResourceManagerError(
            400, "InvalidFilterInQueryString", "Invalid $filter '\(filter)' specified in the query string.")
    }

    static func denied(_ caller: Caller, action: String, scope: String) -> ResourceManagerError {
        ResourceManagerError(
            403, "AuthorizationFailed",
            "The client '\(caller.appId)' with object id '\(caller.objectId)' does not have authorization to "
                + "perform action '\(action)' over scope '\(scope)' or the scope is invalid. If access was "
                + "recently granted, please refresh your credentials.")
    }

    static func principalNotFound(_ id: String, tenant: String) -> ResourceManagerError {
        ResourceManagerError(
            400, "PrincipalNotFound",
            "Principal \(id.filter { $0 != "-" }) does not exist in the directory \(tenant). Check that you "
                + "have the correct principal ID. If you are creating this principal and then immediately "
                + "assigning a role, this error might be related to a replication delay. In this case, set "
                + "the role assignment principalType property to a value, such as ServicePrincipal, User, "
                + "or Group.  See https://aka.ms/docs-principaltype")
    }

    static let roleAssignmentExists = ResourceManagerError(
        409, "RoleAssignmentExists", "The role assignment already exists.")

    static func badRoleAssignment(_ message: String) -> ResourceManagerError {
        ResourceManagerError(400, "BadRequestFormat", message)
    }
}

// MARK: AKS's

extension ResourceManagerError {
    /// AKS cannot read the body.
    static func badBody(_ message: String) -> ResourceManagerError {
        .provider(400, "BadRequest", message, subcode: "InvalidRequestBody")
    }

    /// AKS refuses an operation.
    init(_ refusal: ClusterRefusal, cluster: Cluster, tenant: String) {
        switch refusal {
        case .notServicePrincipal:
            self = .provider(
                400, "BadRequest",
                "The operation resetServicePrincipalProfile cannot be performed on a cluster that is not "
                    + "using a service principal.", subcode: "NotServicePrincipalCluster")
        case .notLegacyEntra:
            self = .provider(
                400, "BadRequest",
                "Reset AAD profile is not allowed: the cluster does not use the legacy Azure AD integration. "
                    + "Please see https://aka.ms/aks-managed-aad to learn more.",
                subcode: "NotLegacyAADCluster")
        case .stopped:
            self = .provider(
                409, "OperationNotAllowed",
                "Operation is not allowed: the cluster is in stopped state, please start it before any other "
                    + "operation.", subcode: "ClusterStopped")
        case .busy:
            self = .provider(
                409, "OperationNotAllowed",
                "Operation is not allowed: Another operation (\(cluster.name) - "
                    + "\(cluster.provisioningState)) is in progress, please wait for it to finish before "
                    + "starting a new operation. See https://aka.ms/aks-pending-operation for more details",
                subcode: "OperationInProgress")
        case .badCharacters(let characters):
            self = .provider(
                400, "BadRequest",
                "Service principal client secret has invalid characters: \(characters)",
                subcode: "InvalidServicePrincipalSecret")
        case .unknownClient(let appId):
            self = .refused(.unknownClient(appId, tenant: tenant))
        case .wrongSecret(let appId):
            self = .refused(.wrongSecret(appId))
        case .expiredSecret(let appId):
            self = .refused(.expiredSecret(appId))
        }
    }

    /// AKS has asked Entra, and says what it was told.
    private static func refused(_ entra: EntraError) -> ResourceManagerError {
        .provider(
            400, "BadRequest",
            "The credentials in ServicePrincipalProfile were invalid. Please see https://aka.ms/aks-sp-help "
                + "for more details. (Details: adal: Refresh request failed. Status Code = '\(entra.status)'. "
                + "Response body: {\"error\":\"\(entra.error)\",\"error_description\":\"\(entra.summary)\"})",
            subcode: "ServicePrincipalValidationClientError")
    }
}
