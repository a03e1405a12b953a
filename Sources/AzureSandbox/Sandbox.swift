internal import FoundationEssentials

/// The whole sandbox behind its socket: finds the service that a request is for, and lets it answer.
actor Sandbox {
    private var cloud: Cloud
    private var faults = FaultList()
    private var log = ExchangeLog()
    private let endpoints: Endpoints
    private let entra: Entra
    private let graph: Graph
    private let resourceManager: ResourceManager
    private let keyVault: KeyVault
    private let control: Control

    /// A sandbox of a world.
    ///
    /// - Parameter controlToken: what a request to the control interface must carry.
    init(_ cloud: Cloud, endpoints: Endpoints, controlToken: String) {
        let tokens = AccessTokens()
        self.cloud = cloud
        self.endpoints = endpoints
        entra = Entra(endpoints: endpoints, tokens: tokens)
        graph = Graph(endpoints: endpoints, tokens: tokens)
        resourceManager = ResourceManager(
            endpoints: endpoints, tokens: tokens, operationURLs: OperationURLs())
        keyVault = KeyVault(endpoints: endpoints, tokens: tokens)
        control = Control(token: controlToken)
    }

    /// What a fault does to a request, if any is meant for it.
    func effect(on request: WireRequest) -> Fault.Effect? {
        guard let target = Endpoints.service(host: request.host), target.service != .control else {
            return nil
        }
        return faults.effect(on: request, to: target.service)
    }

    /// Answers a request.
    func answer(_ request: WireRequest, at now: Date = Date()) -> WireAnswer {
        cloud.advance(to: now)
        // Whatever the request changes may leave a cluster with a dead secret.
        defer { cloud.advance(to: now) }
        guard let target = Endpoints.service(host: request.host) else {
            return WireAnswer(404, ["error": ["code": "NoSuchHost", "message": "No service has this host."]])
        }
        switch target.service {
        case .login: return entra.answer(request, &cloud, at: now)
        case .graph: return graph.answer(request, &cloud, at: now)
        case .arm: return resourceManager.answer(request, &cloud, at: now)
        case .vault: return keyVault.answer(request, vault: target.vault ?? "", &cloud, at: now)
        case .control: return control.answer(request, &cloud, &faults, &log, at: now)
        }
    }

    /// Writes an exchange down; those with the control interface are none of the sandboxed program's.
    func record(_ request: WireRequest, _ outcome: ExchangeLog.Outcome, at: Date) {
        guard let target = Endpoints.service(host: request.host), target.service != .control else { return }
        log.add(request, to: target.service, outcome, at: at, port: endpoints.port)
    }
}
