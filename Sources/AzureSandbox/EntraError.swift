internal import FoundationEssentials

/// What Entra answers when it issues no token: texts and codes of
/// learn.microsoft.com/entra/identity-platform/reference-error-codes.
struct EntraError: Error {
    let status: Int
    /// OAuth's code (RFC 6749, section 5.2).
    let error: String
    /// The number after `AADSTS`.
    private let code: Int
    private let text: String

    private init(_ status: Int, _ error: String, _ code: Int, _ text: String) {
        self.status = status
        self.error = error
        self.code = code
        self.text = text
    }

    static let postRequired = EntraError(
        400, "invalid_request", 900561, "The endpoint only accepts POST requests. Received a GET request.")
    static let malformedRequest = EntraError(
        400, "invalid_request", 90013, "Invalid input received from the user.")
    static let noCredential = EntraError(
        401, "invalid_client", 7_000_218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")

    static func missing(_ parameter: String) -> EntraError {
        EntraError(
            400, "invalid_request", 900144,
            "The request body must contain the following parameter: '\(parameter)'.")
    }

    static func unsupportedGrant(_ grant: String) -> EntraError {
        EntraError(
            400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '\(grant)'.")
    }

    static func invalidScope(_ scope: String) -> EntraError {
        EntraError(
            400, "invalid_scope", 70011,
            "The provided request must include a 'scope' input parameter. The provided value for the input "
                + "parameter 'scope' is not valid. The scope \(scope) is not valid.")
    }

    static func scopeWithoutDefault(_ scope: String) -> EntraError {
        EntraError(
            400, "invalid_scope", 1_002_012,
            "The provided value for scope \(scope) is not valid. Client credential flows must have a scope "
                + "value with /.default suffixed to the resource identifier (application ID URI).")
    }

    static func unknownResource(_ resource: String, tenant: String) -> EntraError {
        EntraError(
            400, "invalid_resource", 500011,
            "The resource principal named \(resource) was not found in the tenant named \(tenant). This can "
                + "happen if the application has not been installed by the administrator of the tenant or "
                + "consented to by any user in the tenant. You might have sent your authentication request "
                + "to the wrong tenant.")
    }

    static func unknownTenant(_ tenant: String) -> EntraError {
        EntraError(
            400, "invalid_request", 90002,
            "Tenant '\(tenant)' not found. Check to make sure you have the correct tenant ID and are "
                + "signing into the correct cloud. Check with your subscription administrator, this may "
                + "happen if there are no active subscriptions for the tenant.")
    }

    static func unknownClient(_ client: String, tenant: String) -> EntraError {
        EntraError(
            400, "unauthorized_client", 700016,
            "Application with identifier '\(client)' was not found in the directory '\(tenant)'. This can "
                + "happen if the application has not been installed by the administrator of the tenant or "
                + "consented to by any user in the tenant. You may have sent your authentication request to "
                + "the wrong tenant.")
    }

    static func wrongSecret(_ client: String) -> EntraError {
        EntraError(
            401, "invalid_client", 7_000_215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client "
                + "secret value, not the client secret ID, for a secret added to app '\(client)'.")
    }

    static func expiredSecret(_ client: String) -> EntraError {
        EntraError(
            401, "invalid_client", 7_000_222,
            "The provided client secret keys for app '\(client)' are expired. Visit the Azure portal to "
                + "create new keys for your app: https://aka.ms/NewClientSecret, or consider using "
                + "certificate credentials for added security: https://aka.ms/certCreds.")
    }

    static let malformedAssertion = EntraError(
        400, "invalid_request", 50027, "JWT token is invalid or malformed.")
    static let otherClient = EntraError(
        401, "invalid_client", 700021,
        "Client assertion application identifier doesn't match 'client_id' parameter.")
    static let wrongRealm = EntraError(
        401, "invalid_client", 700023,
        "Client assertion audience claim does not match Realm issuer. Review the documentation at "
            + "https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials."
    )

    static func untimely(_ assertion: ClientAssertion, at now: Date) -> EntraError {
        let validity = assertion.validity
        func text(_ moment: Date?) -> String { moment.map(Moment.seconds) ?? "never" }
        return EntraError(
            401, "invalid_client", 700024,
            "Client assertion is not within its valid time range. Current time: \(text(now)), assertion valid "
                + "from \(text(validity?.start)), expiry time of assertion \(text(validity?.end)).")
    }

    static func unregisteredKey(_ client: String) -> EntraError {
        badKey(client, "The key was not found.")
    }

    static func wrongSignature(_ client: String) -> EntraError {
        badKey(client, "The key was found, but use of the key to verify the signature failed.")
    }

    private static func badKey(_ client: String, _ reason: String) -> EntraError {
        EntraError(
            401, "invalid_client", 700027,
            "The certificate with identifier used to sign the client assertion is not registered on "
                + "application. [Reason - \(reason)]. Please visit the Azure Portal, Graph "
                + "Explorer or directly use MS Graph to see configured keys for app Id '\(client)'.")
    }

    static func noFederation(_ what: String, _ code: Int, _ value: String?) -> EntraError {
        EntraError(
            401, "invalid_client", code,
            "No matching federated identity record found for presented assertion \(what) "
                + "'\(value ?? "")'. Check your federated identity credential Subject, Audience and Issuer "
                + "against the presented assertion.")
    }

    static let wrongFederatedSignature = EntraError(
        401, "invalid_client", 50013,
        "Assertion failed signature validation. [Reason - The provided signature value did not match the "
            + "expected signature value.].")

    /// The whole answer.
    func answer(at now: Date, trace: String, correlation: String, errorPage: String) -> WireAnswer {
        let timestamp = Moment.spaced(now)
        let description =
            [
                summary, "Trace ID: \(trace)", "Correlation ID: \(correlation)", "Timestamp: \(timestamp)",
            ].joined(separator: "\r\n")
        return WireAnswer(
            status,
            [
                "error": .string(error), "error_description": .string(description),
                "error_codes": [.integer(code)], "timestamp": .string(timestamp),
                "trace_id": .string(trace), "correlation_id": .string(correlation),
                "error_uri": "\(errorPage)?code=\(code)",
            ])
    }

    /// The description alone, as AKS quotes it.
    var summary: String { "AADSTS\(code): \(text)" }
}
