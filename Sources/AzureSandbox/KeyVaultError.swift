/// What Key Vault answers when it refuses.
struct KeyVaultError: Error {
    private let status: Int
    private let code: String
    private let message: String
    private let inner: String?
    private var headers: [(name: String, value: String)] = []

    private init(_ status: Int, _ code: String, _ message: String, inner: String? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner
    }

    /// The whole answer.
    var answer: WireAnswer {
        var error: JSON = ["code": .string(code), "message": .string(message)]
        if let inner { error = error.with("innererror", ["code": .string(inner)]) }
        return WireAnswer(status, ["error": error], headers: headers)
    }

    /// The challenge: where to sign in, and for which resource.
    ///
    /// See learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses.
    static func challenge(_ fault: TokenFault, authority: String, resource: String) -> KeyVaultError {
        var challenge = "Bearer authorization=\"\(authority)\", resource=\"\(resource)\""
        var error: KeyVaultError
        switch fault {
        case .missing:
            error = KeyVaultError(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
        case .malformed, .signature:
            error = KeyVaultError(
                401, "Unauthorized", "AKV10001: Error validating token: the token's signature is not valid.")
            challenge += ", error=\"invalid_token\""
        case .expired:
            error = KeyVaultError(401, "Unauthorized", "AKV10001: Error validating token: IDX10223.")
            challenge += ", error=\"invalid_token\""
        case .audience(let wrong):
            error = KeyVaultError(
                401, "Unauthorized",
                "AKV10022: Invalid audience. Expected \(resource), found: \(wrong).")
            challenge += ", error=\"invalid_token\""
        }
        error.headers = [("www-authenticate", challenge)]
        return error
    }

    static func denied(_ caller: Caller, action: String, vault: String, issuer: String) -> KeyVaultError {
        KeyVaultError(
            403, "Forbidden",
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny "
                + "assignments or role definitions were changed recently, please observe propagation "
                + "time.\r\nCaller: appid=\(caller.appId);oid=\(caller.objectId);iss=\(issuer)\r\nAction: "
                + "'Microsoft.KeyVault/vaults/secrets/\(action)'\r\nAssignment: (not "
                + "found)\r\nDenyAssignmentId: null\r\nDecisionReason: 'DeniedWithNoValidRBAC' \r\nVault: "
                + "\(vault);location=westeurope\r\n", inner: "ForbiddenByRbac")
    }

    static func disabled(_ id: String) -> KeyVaultError {
        KeyVaultError(
            403, "Forbidden", "Operation get is not allowed on a disabled secret.", inner: "SecretDisabled")
    }

    static func unsupportedVersion(_ version: String?) -> KeyVaultError {
        guard let version else {
            return KeyVaultError(
                400, "BadParameter", "AKV10046: Unable to resolve the api-version: it is missing.")
        }
        return KeyVaultError(
            400, "BadParameter",
            "The specified version (\(version)) is not recognized. Consider using the latest "
                + "supported version (2026-04-01).")
    }

    static func badParameter(_ message: String) -> KeyVaultError {
        KeyVaultError(400, "BadParameter", message)
    }

    static func notFound(_ name: String) -> KeyVaultError {
        KeyVaultError(
            404, "SecretNotFound",
            "A secret with (name/id) \(name) was not found in this key vault. If you recently deleted this "
                + "secret you may be able to recover it using the correct recovery command. For help "
                + "resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182")
    }

    static let noSuchResource = KeyVaultError(404, "NotFound", "The requested resource was not found.")
    static let methodNotAllowed = KeyVaultError(
        405, "MethodNotAllowed", "The request method is not allowed on this resource.")
    static let unreadableBody = KeyVaultError(
        400, "BadParameter", "Property has invalid value: unreadable JSON.")

    init(_ refusal: Vault.Refusal, name: String) {
        switch refusal {
        case .notFound: self = .notFound(name)
        case .deletedButRecoverable:
            self.init(
                409, "Conflict",
                "Secret \(name) is currently in a deleted but recoverable state, and its name cannot be "
                    + "reused; in this state, the secret can only be recovered or purged.",
                inner: "ObjectIsDeletedButRecoverable")
        case .beingDeleted:
            self.init(
                409, "Conflict", "Secret \(name) is currently being deleted.", inner: "ObjectIsBeingDeleted")
        case .notDeleted:
            self.init(
                400, "MethodNotAllowed", "Secret exists already: \(name)",
                inner: "RequestNotAllowedOnNonDeletedObject")
        }
    }
}
