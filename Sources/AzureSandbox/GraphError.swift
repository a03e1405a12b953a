internal import FoundationEssentials

/// What Graph answers when it refuses.
struct GraphError: Error {
    private let status: Int
    private let code: String
    private let message: String

    private init(_ status: Int, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    /// The answer to a token that is not valid.
    init(_ fault: TokenFault) {
        let message =
            switch fault {
            case .missing: "Access token is empty."
            case .malformed: "IDX14100: JWT is not well formed, there are no dots (.)."
            case .signature: "Access token validation failure."
            case .expired: "Lifetime validation failed, the token is expired."
            case .audience: "Access token validation failure. Invalid audience."
            }
        self.init(401, "InvalidAuthenticationToken", message)
    }

    static let denied = GraphError(
        403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    static let invalidVersion = GraphError(400, "BadRequest", "Invalid version: only v1.0 is served.")
    static let methodNotAllowed = GraphError(
        405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
    static let unreadableBody = GraphError(
        400, "BadRequest",
        "Unable to read JSON request payload. Please ensure Content-Type header is set and "
            + "payload is of valid JSON format.")

    static func bad(_ message: String) -> GraphError { GraphError(400, "Request_BadRequest", message) }

    static func unsupportedQuery(_ message: String) -> GraphError {
        GraphError(400, "Request_UnsupportedQuery", message)
    }

    static func unknownProperty(_ name: String, of type: String) -> GraphError {
        GraphError(400, "BadRequest", "Could not find a property named '\(name)' on type '\(type)'.")
    }

    static func unknownSegment(_ segment: String) -> GraphError {
        GraphError(400, "BadRequest", "Resource not found for the segment '\(segment)'.")
    }

    static func notFound(_ id: String) -> GraphError {
        GraphError(
            404, "Request_ResourceNotFound",
            "Resource '\(id)' does not exist or one of its queried reference-property objects are not "
                + "present."
        )
    }

    static func conflict(_ message: String) -> GraphError {
        GraphError(409, "Request_MultipleObjectsWithSameKeyValue", message)
    }

    /// The whole answer.
    func answer(at now: Date, requestId: String, clientRequestId: String) -> WireAnswer {
        WireAnswer(
            status,
            [
                "error": [
                    "code": .string(code), "message": .string(message),
                    "innerError": [
                        "date": .string(Moment.local(now)), "request-id": .string(requestId),
                        "client-request-id": .string(clientRequestId),
                    ],
                ]
            ], contentType: "application/json")
    }
}
