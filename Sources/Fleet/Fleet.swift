internal import FoundationEssentials
internal import Journal
public import Logging
public import Rotation
public import Settings

/// Everything that credferry does, for all that is configured: what the program's commands call.
public final class Fleet: Sendable {
    /// Told of what happens to a target while it is rotated.
    public typealias Observer = @Sendable (_ target: String, _ progress: Progress) -> Void

    let configuration: Configuration
    let account: AzureAccount
    let sinks: SinkSet
    let logger: Logger
    let observe: Observer
    private let openedJournal = Once<Journal>()

    /// A fleet; nothing is opened, started or asked before it is needed.
    ///
    /// - Parameters:
    ///   - environment: the variables that plugins and signing in may see.
    ///   - observe: called from any task.
    public init(
        _ configuration: Configuration, environment: [String: String], logger: Logger,
        observe: @escaping Observer = { _, _ in }
    ) {
        let account = AzureAccount(configuration, environment: environment)
        self.configuration = configuration
        self.account = account
        self.logger = logger
        self.observe = observe
        sinks = SinkSet(configuration, environment: environment, logger: logger, account: account)
    }

    /// Ends the plugins that were started.
    public func close() async {
        await sinks.close()
    }

    // MARK: What all commands need

    /// The journal, made where it is missing.
    func journal() throws -> Journal {
        try openedJournal.get { try Journal(in: try StateFolder(at: configuration.state)) }
    }

    /// What the journal knows of an identity; a command that changes nothing makes no journal.
    func ledger(of appId: String) throws -> Ledger {
        guard hasJournal else { return Ledger([]) }
        return Ledger(try journal().records(of: appId), of: appId)
    }

    /// Whether anything was ever journaled.
    ///
    /// Without its file, the mark of its end alone says that one is missing.
    var hasJournal: Bool {
        ["journal.sqlite", "journal.head", "rebuild"].contains {
            FileManager.default.fileExists(atPath: "\(configuration.state)/\($0)")
        }
    }

    /// Asks Azure whose credentials `targets` are, or all that is configured.
    func survey(_ targets: [Target]) async throws -> Survey {
        let selection = try Selection(targets, of: configuration)
        let azure = try account.adapter()
        let survey: Survey
        do throws(Failure) {
            survey = try await Survey(
                selection, of: configuration, azure: azure, concurrency: configuration.concurrency)
        } catch {
            throw FleetError(error)
        }
        for warning in survey.warnings { logger.warning("\(warning)") }
        return survey
    }

    func driver(
        _ record: RotationRecord, target: String, journal other: (any RotationJournal)? = nil
    ) throws -> Driver {
        let azure = try account.adapter()
        return Driver(
            directory: azure, identities: azure, clusters: azure,
            sinks: try sinks.sinks(record.plan.deliveries.map(\.sink)),
            journal: try other ?? journal(), observe: { [observe] in observe(target, $0) })
    }
}
