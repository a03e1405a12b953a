internal import Dispatch
internal import FoundationEssentials
internal import Glibc
internal import Hummingbird
internal import HummingbirdTLS
internal import Logging
internal import NIOCore
internal import NIOSSL

/// How a sandbox is started; times are in seconds.
public struct SandboxOptions: Sendable {
    /// The folder for what the sandbox tells others; it is made with mode 0700.
    public var stateFolder: String
    /// The port on 127.0.0.1; 0 for one that is free.
    public var port = 0
    /// How long after its adding Entra accepts a credential.
    public var propagation: Double = 3
    /// The same for the replica of Entra that AKS asks; as ``propagation`` where `nil`.
    public var aksPropagation: Double?
    /// How far the replicas that answer Graph's reads may lag.
    public var directoryLag: Double = 0
    /// How long an operation on a cluster takes.
    public var operationTime: Double = 6
    /// How many clusters there are at the start.
    public var clusters = 1

    /// The defaults, in a folder.
    public init(stateFolder: String) {
        self.stateFolder = stateFolder
    }
}

/// A faithful Azure on loopback: Entra, Microsoft Graph, Resource Manager with AKS, and Key Vault, over TLS.
public struct SandboxServer: Sendable {
    private let options: SandboxOptions

    /// A sandbox that has not been started.
    public init(_ options: SandboxOptions) {
        self.options = options
    }

    /// Listens until it is told to stop by SIGTERM or SIGINT, or its task is cancelled.
    ///
    /// - Parameters:
    ///   - listening: told the URL once requests are answered.
    ///   - report: told of each request, in one line.
    public func run(
        listening: @escaping @Sendable (String) -> Void,
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws {
        let folder = try StateFolder(options.stateFolder)
        // A file of an earlier run would say that we listen already.
        folder.remove("sandbox.json")
        defer { folder.remove("sandbox.json") }
        let certificates = try Certificates()
        try folder.write(certificates.authority, to: "ca.pem")
        let door = Door()
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = try application(certificates, Gateway(door: door, report: report)) { number in
            port.yield(number)
            port.finish()
        }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // Where it cannot listen, nobody may wait for a port.
                    defer { port.finish() }
                    try await application.run()
                }
                group.addTask { await Self.waitForSignal() }
                for await number in ports {
                    let endpoints = Endpoints(port: number)
                    try open(door, endpoints, folder)
                    listening(endpoints.control)
                }
                try await group.next()
                group.cancelAll()
            }
        } catch let error as IOError {
            throw SandboxError(
                .port,
                "port \(options.port) on 127.0.0.1 cannot be listened on: "
                    + String(cString: strerror(error.errnoCode)),
                hint: "choose another with --port")
        }
    }

    private func application(
        _ certificates: Certificates, _ gateway: Gateway, listening: @escaping @Sendable (Int) -> Void
    ) throws -> Application<Gateway> {
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(certificates.server).map {
                .certificate($0)
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: certificates.serverKey, format: .pem)))
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        // A client need not say goodbye: neither a fault nor the sandbox's end waits for it.
        tls.shutdownTimeout = .milliseconds(100)
        var logger = Logger(label: "azure-sandbox")
        logger.logLevel = .critical
        return Application(
            responder: gateway, server: try .tls(tlsConfiguration: tls),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: options.port)),
            onServerRunning: { channel in listening(channel.localAddress?.port ?? options.port) },
            logger: logger)
    }

    /// Makes the world, lets requests in, and writes what others need to know.
    private func open(_ door: Door, _ endpoints: Endpoints, _ folder: StateFolder) throws(SandboxError) {
        var tuning = Tuning()
        tuning.propagation = options.propagation
        tuning.aksPropagation = options.aksPropagation
        tuning.directoryLag = options.directoryLag
        tuning.operationTime = options.operationTime
        var cloud = Cloud(tuning: tuning)
        let account = cloud.populate(clusters: options.clusters, at: Date())
        let files = FirstFiles(
            endpoints: endpoints, cloud: cloud, account: account.application,
            controlToken: Base64URL.encode(Random.bytes(32)))
        door.open(to: Sandbox(cloud, endpoints: endpoints, controlToken: files.controlToken))
        try folder.write(Array(account.credential.secret.utf8), to: "operator-secret")
        try folder.write(Array(files.configuration.utf8), to: "credferry.yaml")
        try folder.write(files.description(authority: folder.file("ca.pem")).bytes, to: "sandbox.json")
    }

    /// Returns when the process is told to stop, or the task is cancelled.
    private static func waitForSignal() async {
        let (signals, continuation) = AsyncStream.makeStream(of: Void.self)
        let sources = [SIGTERM, SIGINT].map { number in
            // The source sees the signal only where it does not end the process.
            let before = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { continuation.yield() }
            source.setCancelHandler { signal(number, before) }
            source.resume()
            return source
        }
        for await _ in signals { break }
        for source in sources { source.cancel() }
    }
}
