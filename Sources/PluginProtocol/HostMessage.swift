public import SecretMemory
internal import SinkCore

/// One line from the host, as the plugin understands it.
public enum HostMessage: Sendable {
    /// A call, to be answered under its id.
    case request(RequestID, Call)
    /// The host gives up the request of that id.
    case cancel(RequestID)
    /// A notification that this version does not know, or that cannot be understood: to be passed over.
    case unknownNotification
    /// What can only be answered with an error; the id is `nil` where none could be read.
    case invalid(RequestID?, RPCError)

    /// Reads a line.
    ///
    /// The secret of a `put` goes from the line's memory into one of its own, and nowhere else.
    public init(_ line: inout SecretBuffer) {
        let base64: Secret?
        do {
            base64 = try line.cutJSONString(at: ["params", "secret", "base64"])
        } catch .missing {
            base64 = nil
        } catch {
            self = .invalid(nil, RPCError(RPCError.parseError, "the line is not JSON"))
            return
        }
        guard let envelope = line.decodeJSON(Envelope.self) else {
            self =
                line.decodeJSON(JSONValue.self) == nil
                ? .invalid(nil, RPCError(RPCError.parseError, "the line is not JSON"))
                : .invalid(nil, RPCError(RPCError.invalidRequest, "the line is no JSON-RPC 2.0 request"))
            return
        }
        guard envelope.jsonrpc == "2.0" else {
            self = .invalid(
                envelope.id, RPCError(RPCError.invalidRequest, "`jsonrpc` is not \"2.0\""))
            return
        }
        let parameters = envelope.params ?? .object([:])
        guard let id = envelope.id else {
            let given = parameters.decoded(as: Cancellation.self)
            self =
                envelope.method == "cancel"
                ? given.map { .cancel($0.id) } ?? .unknownNotification
                : .unknownNotification
            return
        }
        do throws(RPCError) {
            self = .request(id, try Self.call(envelope.method, parameters, base64))
        } catch {
            self = .invalid(id, error)
        }
    }

    private struct Envelope: Decodable {
        var jsonrpc: String
        var id: RequestID?
        var method: String
        var params: JSONValue?
    }
    private struct Cancellation: Decodable { var id: RequestID }
    private struct Named: Decodable { var name: String }
    private struct Prefixed: Decodable { var prefix: String? }
    private struct Put: Decodable {
        var name: String
        var metadata: Metadata
    }

    private static func call(
        _ method: String, _ parameters: JSONValue, _ base64: consuming Secret?
    ) throws(RPCError) -> Call {
        switch method {
        case "initialize":
            let introduction = parameters.decoded(as: Call.Introduction.self)
            return .initialize(try require(introduction, "`protocol`, `host` and `options`"))
        case "put":
            let put = try require(parameters.decoded(as: Put.self), "`name`, `secret` and `metadata`")
            guard let base64, let secret = Secret(base64: base64.bytes) else {
                throw RPCError(RPCError.invalidParams, "`secret` has no `base64` with padding (RFC 4648)")
            }
            return .put(name: put.name, secret: SharedSecret(secret), metadata: put.metadata)
        case "get":
            return .get(name: try require(parameters.decoded(as: Named.self), "a `name`").name)
        case "delete":
            return .delete(name: try require(parameters.decoded(as: Named.self), "a `name`").name)
        case "list":
            let prefixed = try require(parameters.decoded(as: Prefixed.self), "a `prefix`")
            return .list(prefix: prefixed.prefix ?? "")
        case "shutdown":
            return .shutdown
        default:
            throw RPCError(
                RPCError.methodNotFound, "there is no method \"\(SafeText.line(method, limit: 40))\"")
        }
    }

    private static func require<Value>(_ value: Value?, _ what: String) throws(RPCError) -> Value {
        guard let value else { throw RPCError(RPCError.invalidParams, "the parameters are not \(what)") }
        return value
    }
}
