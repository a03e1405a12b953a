public import SinkCore

/// The `error` of an answer: why the plugin did not do what it was asked.
///
/// `data.hint`, where it is there, says what the operator can do about it.
public struct RPCError: Error, Sendable, Equatable {
    /// What kind of failure: the protocol's own codes, or JSON-RPC's.
    public let code: Int
    /// What happened, in one line; never a secret.
    public let message: String
    /// What the operator can do about it.
    public let hint: String?

    /// The line is no JSON.
    public static let parseError = -32700
    /// The line is JSON, but no request; or one that may not come now.
    public static let invalidRequest = -32600
    /// The plugin does not offer this call.
    public static let methodNotFound = -32601
    /// The parameters are not those of the call.
    public static let invalidParams = -32602
    /// The plugin failed in a way that it has no code for.
    public static let internalError = -32603

    /// Describes a failure; `message` and `hint` must hold no secret.
    public init(_ code: Int, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }
}

extension RPCError {
    /// A sink's failure as it goes over the wire.
    public init(_ error: SinkError) {
        self.init(Self.code(for: error.code), error.message, hint: error.hint)
    }

    /// The failure as a sink's, with texts that are safe to show: one line each, and not endless.
    ///
    /// `subject` is put before the message: it names the plugin.
    public func sinkError(from subject: String) -> SinkError {
        let message = SafeText.line(message)
        return SinkError(
            sinkCode, "\(subject): \(message.isEmpty ? "failed with code \(code)" : message)",
            hint: hint.map { SafeText.line($0) })
    }

    private static func code(for code: SinkError.Code) -> Int {
        switch code {
        case .notFound: -32001
        case .locked: -32002
        case .denied, .forbidden: -32003
        case .unavailable: -32004
        case .refused: -32005
        case .unsupported: methodNotFound
        case .broken: internalError
        }
    }

    private var sinkCode: SinkError.Code {
        switch code {
        case -32001: .notFound
        case -32002: .locked
        case -32003: .denied
        case -32004: .unavailable
        case -32005: .refused
        case Self.methodNotFound: .unsupported
        default: .broken
        }
    }
}

extension RPCError: Codable {
    private enum CodingKeys: String, CodingKey { case code, message, data }
    private struct Extra: Codable { var hint: String }

    /// Reads an error object; `data` of any other shape is passed over, as JSON-RPC leaves it open.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        code = try container.decode(Int.self, forKey: .code)
        message = try container.decode(String.self, forKey: .message)
        hint = (try? container.decodeIfPresent(Extra.self, forKey: .data))?.hint
    }

    /// Writes an error object.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(code, forKey: .code)
        try container.encode(message, forKey: .message)
        if let hint { try container.encode(Extra(hint: hint), forKey: .data) }
    }
}
