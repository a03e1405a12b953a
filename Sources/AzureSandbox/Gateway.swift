internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import Synchronization

/// Carries requests from the server to the sandbox and answers back, and lets faults have their effect.
struct Gateway: HTTPResponder {
    /// What belongs to one request: the connection that it came over.
    struct Context: InitializableFromSource {
        let channel: any Channel

        init(source: ApplicationRequestContextSource) {
            channel = source.channel
        }
    }

    /// No service takes larger bodies.
    private static let largestBody = 1 << 20

    /// The sandbox, once its port is known.
    let door: Door
    /// Told of each request, its service's host and its status.
    let report: @Sendable (String) -> Void

    func respond(to request: Request, context: Context) async throws -> Response {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.largestBody)
        } catch {
            return Response(status: .contentTooLarge)
        }
        guard let sandbox = door.sandbox else { return Response(status: .serviceUnavailable) }
        let host = request.head.authority ?? ""
        let wire = WireRequest(
            method: request.method.rawValue, authority: host, target: request.head.path ?? "",
            headers: [("host", host)] + request.headers.map { ($0.name.canonicalName, $0.value) },
            body: Array(body.readableBytesView))
        guard let wire else { return Response(status: .badRequest) }
        let answer: WireAnswer
        switch await sandbox.effect(on: wire) {
        case nil: answer = await sandbox.answer(wire)
        case .answer(let fixed): answer = fixed
        case .delay(let seconds):
            try await Task.sleep(for: .seconds(seconds))
            answer = await sandbox.answer(wire)
        case .drop(let handled):
            if handled { _ = await sandbox.answer(wire) }
            await sandbox.record(wire, .dropped(handled ? "after" : "before"), at: Date())
            report("\(wire.method) \(host)\(wire.target): dropped")
            try await context.channel.close()
            return Response(status: .serviceUnavailable)
        case .hang(let handled):
            if handled { _ = await sandbox.answer(wire) }
            await sandbox.record(wire, .dropped("hang"), at: Date())
            report("\(wire.method) \(host)\(wire.target): hangs")
            // Until the client gives up, or the sandbox ends and this task is cancelled.
            while context.channel.isActive { try await Task.sleep(for: .milliseconds(100)) }
            return Response(status: .serviceUnavailable)
        }
        await sandbox.record(wire, .answered(answer), at: Date())
        report("\(wire.method) \(host)\(wire.target): \(answer.status)")
        return Self.response(answer)
    }

    private static func response(_ answer: WireAnswer) -> Response {
        var headers = HTTPFields()
        for (name, value) in answer.headers {
            guard let name = HTTPField.Name(name) else { continue }
            headers.append(HTTPField(name: name, value: value))
        }
        return Response(
            status: HTTPResponse.Status(code: answer.status), headers: headers,
            body: answer.body.isEmpty
                ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}

/// Where the gateway finds the sandbox, which can only be made when the server has its port.
final class Door: Sendable {
    private let held = Mutex<Sandbox?>(nil)

    /// The sandbox; `nil` while there is none.
    var sandbox: Sandbox? { held.withLock { $0 } }

    /// Opens the door.
    func open(to sandbox: Sandbox) {
        held.withLock { $0 = sandbox }
    }
}
