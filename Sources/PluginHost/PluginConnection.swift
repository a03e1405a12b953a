internal import Logging
internal import PluginProtocol
internal import SinkCore

/// Keeps one process of a plugin at work: starts it when it is first needed, and anew when it has ended.
actor PluginConnection {
    /// A process that has introduced itself.
    struct Session: Sendable {
        let process: PluginProcess
        let can: Set<SinkCapability>
    }

    private let plugin: Plugin
    private let trust: TrustStore
    private let introduction: Call.Introduction
    private let environment: [String: String]
    private let deadlines: Deadlines
    private let logger: Logger

    private var current: Session?
    private var starting: Task<Result<Session, SinkError>, Never>?
    /// Processes that get no more calls and may not have ended yet.
    private var retired: [PluginProcess] = []
    private var isClosed = false

    init(
        plugin: Plugin, trust: TrustStore, introduction: Call.Introduction, environment: [String: String],
        deadlines: Deadlines, logger: Logger
    ) {
        self.plugin = plugin
        self.trust = trust
        self.introduction = introduction
        self.environment = environment
        self.deadlines = deadlines
        self.logger = logger
    }

    deinit {
        current?.process.retire()
    }

    /// The process that the next call goes to.
    func session() async throws(SinkError) -> Session {
        guard !isClosed else { throw SinkError(.unavailable, "plugin \(plugin.manifest.name) was shut down") }
        if let current, current.process.isUsable { return current }
        let task = starting ?? Task { await start() }
        starting = task
        return try await task.value.get()
    }

    /// Ends every process, and waits for it.
    func close() async {
        isClosed = true
        _ = await starting?.value
        let processes = retired + (current.map { [$0.process] } ?? [])
        (current, retired) = (nil, [])
        await withTaskGroup { group in
            for process in processes {
                group.addTask { await process.shutDown() }
            }
        }
    }

    private func start() async -> Result<Session, SinkError> {
        defer { starting = nil }
        retired = retired.filter { !$0.isOver } + (current.map { [$0.process] } ?? [])
        current = nil
        do throws(SinkError) {
            let process = try launch()
            // Until the handshake is over it counts as retired: `close` finds it there.
            retired.append(process)
            let welcome = try await shakeHands(process)
            retired.removeLast(where: { $0 === process })
            let session = Session(process: process, can: welcome.can)
            current = session
            return .success(session)
        } catch {
            return .failure(error)
        }
    }

    private func launch() throws(SinkError) -> PluginProcess {
        do throws(PluginError) {
            return try PluginProcess(
                plugin, executable: try trust.open(plugin), environment: environment, deadlines: deadlines,
                logger: logger)
        } catch {
            throw error.sinkError
        }
    }

    private func shakeHands(_ process: PluginProcess) async throws(SinkError) -> Reply.Welcome {
        do throws(SinkError) {
            let answer = try await process.call(.initialize(introduction), within: deadlines.start)
            let welcome: Reply.Welcome
            do throws(SinkError) {
                welcome = try answer.welcome()
            } catch {
                throw SinkError(.broken, "\(process.subject): \(error.message)")
            }
            guard introduction.versions.contains(welcome.version) else {
                throw SinkError(
                    .broken, "\(process.subject) speaks version \(welcome.version) of the protocol",
                    hint: "credferry speaks version \(Wire.version): install versions of both that fit")
            }
            guard welcome.can.contains(.put) else {
                throw SinkError(.broken, "\(process.subject) does not offer put, which every plugin must")
            }
            return welcome
        } catch {
            process.abandon()
            throw error
        }
    }
}

extension [PluginProcess] {
    fileprivate mutating func removeLast(where isWanted: (PluginProcess) -> Bool) {
        if let index = lastIndex(where: isWanted) { remove(at: index) }
    }
}
