internal import FoundationEssentials
internal import HTTP
internal import SecretMemory

/// What one of Azure's services says when it refuses, read from any of the shapes that they use.
///
/// - Resource Manager's gateway, Graph and Key Vault: `{"error": {"code", "message"}}`, the last with an
///   `innererror`.
/// - The AKS resource provider: the same members without the wrapper, sometimes capitalised.
/// - Entra: RFC 6749's `{"error", "error_description"}` with `error_codes`.
/// - A gateway's HTML page, or nothing.
struct ServiceFault: Sendable, Equatable {
    var code: String?
    var message: String?
    /// The more specific code inside, such as `ObjectIsDeletedButRecoverable`.
    var innerCode: String?
    var requestId: String?

    /// Reads the answer of a service; what it does not say stays `nil`.
    init(_ body: RawSpan, _ headers: HTTPHeaders) {
        let data = body.withUnsafeBytes { Data($0) }
        if let text = try? JSONDecoder().decode(Body.self, from: data) {
            let inner = text.error?.object
            let entraCode = text.errorCodes?.first.map { "AADSTS\($0)" }
            code = entraCode ?? inner?.anyCode ?? text.error?.text ?? text.anyCode
            message = text.errorDescription ?? inner?.anyMessage ?? text.anyMessage
            innerCode = inner?.innererror?.code ?? inner?.innerError?.code ?? text.subcode
            requestId = text.traceId ?? inner?.innerError?.requestId
            if let detail = (inner?.details ?? text.details ?? text.upperDetails)?.first(where: {
                $0.anyMessage != nil
            })?.anyMessage,
                message?.contains(detail) != true
            {
                message = message.map { "\($0) (\(detail))" } ?? detail
            }
        }
        requestId = headers.first("request-id") ?? headers.first("x-ms-request-id") ?? requestId
        message = message.map(Self.firstLine)
    }

    /// Entra and Key Vault put ids, a line each, behind what they have to say.
    private static func firstLine(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return line.count > 600 ? line.prefix(600) + "…" : line
    }

    /// The code and what it means; Entra writes the code into the message, too.
    var text: String {
        let code = code ?? "HTTP"
        guard let message else { return code }
        return message.hasPrefix(code) ? message : "\(code): \(message)"
    }

    /// The seconds of "Please try again after '6' seconds", which Resource Manager writes into the message.
    var retryAfterInMessage: Double? {
        guard let message, let start = message.firstRange(of: "again after '") else { return nil }
        return Double(message[start.upperBound...].prefix { $0.isNumber || $0 == "." })
    }
}

private struct Body: Decodable {
    var error: TextOrObject?
    var errorDescription: String?
    var errorCodes: [Int]?
    var traceId: String?
    var code: String?
    var message: String?
    var upperCode: String?
    var upperMessage: String?
    var subcode: String?
    var details: [Detail]?
    var upperDetails: [Detail]?

    enum CodingKeys: String, CodingKey {
        case error, code, message, subcode, details
        case errorDescription = "error_description"
        case errorCodes = "error_codes"
        case traceId = "trace_id"
        case upperCode = "Code"
        case upperMessage = "Message"
        case upperDetails = "Details"
    }

    var anyCode: String? { code ?? upperCode }
    var anyMessage: String? { message ?? upperMessage }
}

private struct TextOrObject: Decodable {
    var text: String?
    var object: Inner?

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        text = try? container.decode(String.self)
        if text == nil { object = try? container.decode(Inner.self) }
    }
}

private struct Inner: Decodable {
    var code: String?
    var message: String?
    var details: [Detail]?
    var innererror: Deep?
    var innerError: Deep?

    var anyCode: String? { code }
    var anyMessage: String? { message }
}

private struct Deep: Decodable {
    var code: String?
    var requestId: String?

    enum CodingKeys: String, CodingKey {
        case code
        case requestId = "request-id"
    }
}

private struct Detail: Decodable {
    var message: String?
    var upperMessage: String?

    enum CodingKeys: String, CodingKey {
        case message
        case upperMessage = "Message"
    }

    var anyMessage: String? { message ?? upperMessage }
}
