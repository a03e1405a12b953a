public import Glibc
public import SecretMemory
public import SinkCore

/// Secrets as variables, for those who read them from their environment.
///
/// A name is the absolute path of a file, as in ``FileSink``. For the formats `github` and `azure-pipelines` it
/// may also be ``runnerName``: the file or output that the job's runner reads. These two append, and what
/// they are told cannot be read back.
public struct EnvironmentSink: Sink {
    /// How the variables are written.
    public let format: EnvironmentFormat
    /// What the variables are called.
    public let variables: VariableStyle
    private let runner: Runner

    /// Stands for what the runner of a pipeline's job reads; a `:` and more may follow it.
    public static let runnerName = "runner"

    /// Makes a sink of variables.
    ///
    /// - Parameter runnerOutput: where a job's runner listens to this process, usually its standard output.
    public init(
        format: EnvironmentFormat, variables: VariableStyle, runnerOutput: CInt = STDOUT_FILENO
    ) {
        self.init(format: format, variables: variables, runner: .current(output: runnerOutput))
    }

    init(format: EnvironmentFormat, variables: VariableStyle, runner: Runner) {
        self.format = format
        self.variables = variables
        self.runner = runner
    }

    /// A runner can only be told; files can be read too.
    public var capabilities: Set<SinkCapability> {
        syntax == nil ? [.put] : [.put, .get, .delete, .list]
    }

    /// Whether `name` can be a file's path, or this is a job whose runner can be told.
    public func check(name: String) throws(SinkError) {
        if syntax == nil, Self.isRunner(name) {
            try runner.check(format)
        } else {
            _ = try SecretFile(name)
        }
    }

    /// Whether the file `name` could be replaced, or the runner told.
    public func probe(_ name: String) async throws(SinkError) {
        if syntax != nil || !Self.isRunner(name) { try SecretFile(name).probe() }
    }

    /// Replaces the file `name`, or tells the runner.
    public func put(
        _ secret: borrowing Secret, as name: String, metadata: Metadata
    ) async throws(SinkError) -> String? {
        if let syntax {
            let file = try SecretFile(name)
            try file.replace(with: try SecretDocument.render(secret, metadata, syntax))
        } else {
            try check(name: name)
            let path = Self.isRunner(name) ? nil : name
            try runner.tell(
                secret, EnvironmentVariables.variables(for: metadata, style: variables), format, path: path)
        }
        return nil
    }

    /// Reads the file `name`; a file that was edited by hand will do, if the secret can be found in it.
    public func get(_ name: String) async throws(SinkError) -> StoredSecret {
        let syntax = try readable()
        let content = try SecretFile(name).read()
        return try SecretDocument.parse(content, syntax, path: name)
    }

    /// Removes the file `name`.
    public func delete(_ name: String) async throws(SinkError) {
        _ = try readable()
        try SecretFile(name).remove()
    }

    /// The files of one folder whose paths begin with `prefix`.
    public func list(prefix: String) async throws(SinkError) -> [SinkEntry] {
        try SecretDocument.list(prefix: prefix, try readable())
    }

    private func readable() throws(SinkError) -> SecretDocument.Syntax {
        if let syntax { return syntax }
        throw SinkError(
            .unsupported, "what a job's runner was told in the format \(format.rawValue) cannot be read back",
            hint: "add a sink that can be read")
    }

    /// `nil` where the format is a runner's.
    private var syntax: SecretDocument.Syntax? {
        switch format {
        case .shell: .variables(.shell, variables)
        case .dotenv: .variables(.dotenv, variables)
        case .systemd: .variables(.systemd, variables)
        case .github, .azurePipelines: nil
        }
    }

    private static func isRunner(_ name: String) -> Bool {
        name == runnerName || name.hasPrefix(runnerName + ":")
    }
}
