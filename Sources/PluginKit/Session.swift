internal import PluginProtocol
internal import SecretMemory
internal import SinkCore

/// One conversation with a host: what may be said when, and the calls that are at work.
actor Session {
    typealias MakeSink = @Sendable (PluginOptions) async throws -> any Sink
    typealias Answer = @Sendable (RequestID?, Reply) -> Void

    private let peer: Peer
    private let makeSink: MakeSink
    private var sink: (any Sink)?
    private var running: [RequestID: Task<Void, Never>] = [:]

    init(peer: Peer, makeSink: @escaping MakeSink) {
        self.peer = peer
        self.makeSink = makeSink
    }

    /// Does what `message` asks for, and gives what is to be answered to `answer`, now or later.
    ///
    /// - Returns: whether the conversation goes on.
    func handle(_ message: HostMessage, _ answer: @escaping Answer) async -> Bool {
        switch message {
        case .unknownNotification:
            break
        case .cancel(let id):
            running[id]?.cancel()
        case .invalid(let id, let error):
            answer(id, .failure(error))
        case .request(let id, .shutdown):
            for call in running.values { await call.value }
            answer(id, .done)
            return false
        case .request(let id, .initialize(let introduction)):
            answer(id, await initialize(introduction))
        case .request(let id, let call):
            begin(call, id, answer)
        }
        return true
    }

    private func initialize(_ introduction: Call.Introduction) async -> Reply {
        guard sink == nil else {
            return .failure(RPCError(RPCError.invalidRequest, "initialize has been called before"))
        }
        guard introduction.versions.contains(Wire.version) else {
            let offered = introduction.versions.map(String.init).joined(separator: ", ")
            return .failure(
                RPCError(
                    RPCError.invalidParams,
                    "\(peer.name) speaks version \(Wire.version) of the protocol, and the host \(offered)",
                    hint: "install versions of both that fit"))
        }
        do {
            let made = try await makeSink(PluginOptions(introduction.options))
            sink = made
            return .initialized(Reply.Welcome(plugin: peer, can: made.capabilities.union([.put])))
        } catch let error as SinkError {
            return .failure(RPCError(error))
        } catch {
            return .failure(RPCError(RPCError.internalError, "\(peer.name) cannot start: \(error)"))
        }
    }

    private func begin(_ call: Call, _ id: RequestID, _ answer: @escaping Answer) {
        guard let sink else {
            return answer(id, .failure(RPCError(RPCError.invalidRequest, "initialize must be called first")))
        }
        guard running[id] == nil else {
            return answer(
                id, .failure(RPCError(RPCError.invalidRequest, "another request of this id is at work")))
        }
        running[id] = Task {
            let reply = await Self.reply(to: call, from: sink)
            running[id] = nil
            answer(id, reply)
        }
    }

    private static func reply(to call: Call, from sink: any Sink) async -> Reply {
        do throws(SinkError) {
            switch call {
            case .put(let name, let secret, let metadata):
                try sink.check(name: name)
                return .stored(version: try await sink.put(secret.secret, as: name, metadata: metadata))
            case .get(let name):
                let stored = try await sink.get(name)
                return .secret(
                    SharedSecret(stored.secret.clone()), metadata: stored.metadata, version: stored.version)
            case .delete(let name):
                try await sink.delete(name)
                return .done
            case .list(let prefix):
                return .entries(try await sink.list(prefix: prefix))
            case .initialize, .shutdown:
                return .failure(RPCError(RPCError.internalError, "\(call.method) is no call of a sink"))
            }
        } catch {
            return .failure(RPCError(error))
        }
    }
}
