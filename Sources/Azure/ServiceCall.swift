internal import FoundationEssentials
internal import HTTP
internal import SecretMemory

/// One of Azure's services, or of those who vouch for an account.
enum Service: String, Sendable {
    case entra = "Entra"
    case managedIdentity = "managed identity"
    case gitHub = "GitHub"
    case azurePipelines = "Azure Pipelines"
    case graph = "Microsoft Graph"
    case resourceManager = "Azure Resource Manager"
    case keyVault = "Key Vault"

    /// Whether it is there for signing in, so that a refusal of its means that signing in failed.
    var signsIn: Bool {
        switch self {
        case .entra, .managedIdentity, .gitHub, .azurePipelines: true
        case .graph, .resourceManager, .keyVault: false
        }
    }
}

/// One request to a service, with all that sending it well takes.
struct ServiceCall: Sendable {
    /// When a request may be sent again.
    enum Repetition: Sendable {
        /// Whenever it may help: doing it twice is doing it once.
        case freely
        /// Only where it is certain that nothing was done, since doing it twice does it twice.
        case ifNotDone
        /// Not at all: the caller has its own way of asking again.
        case never
    }

    let service: Service
    /// What is asked for, as it reads behind "cannot": `read cluster prod`.
    let what: String
    var request: HTTPRequest
    /// Whom the token is for; `nil` where the request signs in by itself.
    var audience: String?
    var repetition = Repetition.freely

    /// - Parameter body: JSON, unless `contentType` says otherwise.
    init(
        _ service: Service, _ what: String, _ method: HTTPRequest.Method, _ url: String, audience: String?,
        body: consuming SecretBuffer? = nil, contentType: String = "application/json",
        repetition: Repetition = .freely
    ) {
        self.service = service
        self.what = what
        self.audience = audience
        self.repetition = repetition
        request = HTTPRequest(method, url)
        request.headers = [
            HTTPField(name: "Accept", value: "application/json"),
            HTTPField(
                name: service == .keyVault || service == .resourceManager
                    ? "x-ms-client-request-id" : "client-request-id", value: UUID().uuidString.lowercased()),
        ]
        if let body {
            request.body = SharedSecret(body.finish())
            request.contentType = contentType
        }
        // libcurl sends a request again by itself when a reused connection turns out to be dead.
        if repetition == .ifNotDone { request.connection = .fresh }
    }

    // MARK: What an answer means

    /// The error that an answer other than 2xx stands for.
    func error(_ response: borrowing HTTPResponse) -> AzureError {
        error(status: response.status, headers: response.headers, body: response.body.bytes)
    }

    /// The error that an answer's parts stand for.
    func error(status: Int, headers: HTTPHeaders, body: RawSpan) -> AzureError {
        let fault = ServiceFault(body, headers)
        let code = code(status, fault)
        let id = fault.requestId.map { " (request id \($0))" } ?? ""
        return AzureError(
            code, "\(service.rawValue): cannot \(what): \(status) \(fault.text)\(id)",
            hint: hint(code, fault),
            status: status, serviceCode: fault.code, innerCode: fault.innerCode, requestId: fault.requestId,
            retryAfter: RetryAfter.seconds(headers, now: Date()) ?? fault.retryAfterInMessage)
    }

    /// The error that a failed exchange stands for.
    func error(_ error: HTTPError) -> AzureError {
        let code: AzureError.Code =
            switch error.code {
            case .cancelled: .cancelled
            case .invalidRequest: .refused
            case .tooLarge: .malformed
            default: error.mayHaveBeenSent ? .answerLost : .unreachable
            }
        return AzureError(code, "\(service.rawValue): cannot \(what): \(error.message)", hint: error.hint)
    }

    private func code(_ status: Int, _ fault: ServiceFault) -> AzureError.Code {
        if let code = Self.codes[fault.code ?? ""] { return code }
        let message = fault.message ?? ""
        if message.contains("client secret has invalid characters") { return .badCharacters }
        // AKS asks Entra itself and quotes the refusal; the second is that of a service principal that was made a
        // moment ago.
        if message.contains("AADSTS7000215") || message.contains("AADSTS700016") { return .secretRefused }
        return switch status {
        // The metadata service says so while it is being updated: Microsoft's "How to use managed identities
        // on a VM to acquire an access token", on retries.
        case 404, 410: service == .managedIdentity ? .unavailable : service.signsIn ? .signIn : .notFound
        case 401, 403: service.signsIn ? .signIn : .forbidden
        case 409, 412: .conflict
        case 429: .throttled
        // A gateway that gives up does not know what the service behind it has done.
        case 408, 500...: repetition == .ifNotDone ? .answerLost : .unavailable
        default: service.signsIn ? .signIn : .refused
        }
    }

    private static let codes: [String: AzureError.Code] = [
        "AADSTS7000215": .secretRefused,
        // A service principal that was made a moment ago is not known everywhere yet.
        "AADSTS700016": .secretRefused,
        "AADSTS7000222": .signIn,
        "Directory_ConcurrencyViolation": .conflict,
        "Authorization_RequestDenied": .forbidden,
        "AuthorizationFailed": .forbidden,
        "Request_ResourceNotFound": .notFound,
        "ResourceNotFound": .notFound,
        "ResourceGroupNotFound": .notFound,
        "OperationNotAllowed": .conflict,
        "EtagMismatch": .conflict,
        "ClusterStopped": .stopped,
    ]

    private static let hints: [String: String] = [
        "AADSTS700027":
            "upload the certificate to the application: the key that signed is not one of its own",
        "AADSTS700024": "set the clock of this machine: the assertion is outside of its lifetime",
        "AADSTS70021": "give the application a federated identity credential for this issuer and subject",
        "AADSTS700211": "give the application a federated identity credential for this issuer",
        "AADSTS700212": "give the application a federated identity credential for this audience",
        "AADSTS700213": "give the application a federated identity credential for this subject",
    ]

    /// What a vault says to one who is on the wrong network.
    private static let networkCodes: Set<String> = [
        "ForbiddenByConnection", "ForbiddenByFirewall", "ForbiddenByPolicy",
    ]

    private func hint(_ code: AzureError.Code, _ fault: ServiceFault) -> String? {
        switch (service, code) {
        case (_, .throttled): "try again later"
        case (.entra, .signIn): fault.code.flatMap { Self.hints[$0] }
        case (.graph, .forbidden):
            "grant the signed-in account Application.ReadWrite.OwnedBy and ownership of the application, or "
                + "Application.ReadWrite.All"
        case (.resourceManager, .forbidden):
            "grant the signed-in account a role with Microsoft.ContainerService/managedClusters/read and "
                + "…/resetServicePrincipalProfile/action on the cluster"
        case (.keyVault, .forbidden) where Self.networkCodes.contains(fault.innerCode ?? ""):
            "the vault's network rules keep this host out: let it in, or reach the vault by its private endpoint"
        case (.keyVault, .forbidden) where fault.innerCode == "SecretDisabled":
            "enable the version, or rotate: that writes a new one"
        case (.keyVault, .forbidden):
            "grant the signed-in account the role Key Vault Secrets Officer on the vault; a new grant takes minutes"
        case (.keyVault, .conflict) where fault.innerCode == "ObjectIsDeletedButRecoverable":
            "let the account recover deleted secrets, or purge it, then go on"
        default: nil
        }
    }

    /// Whether sending it again may help and can do no harm.
    func mayRepeat(after error: AzureError) -> Bool {
        let isContention = error.serviceCode == "Directory_ConcurrencyViolation"
        return switch repetition {
        case .never: false
        case .ifNotDone: error.code == .unreachable || error.code == .throttled || isContention
        case .freely:
            [.unreachable, .answerLost, .unavailable, .throttled].contains(error.code) || isContention
        }
    }
}
