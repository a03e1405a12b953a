public import PluginProtocol
public import SinkCore

/// A sink, and what things are called in it.
public struct SinkSettings: Sendable, Equatable {
    /// What the configuration calls it.
    public let name: Located<String>
    /// What it is.
    public let kind: SinkKind
    /// What a credential's secret is called in it.
    ///
    /// For a file or environment, an absolute path, or ``EnvironmentFormat/runnerName`` and what may follow it;
    /// for a key vault, the secret's name; for the keyring, `{cluster}/{credential}`; for a plugin, whatever
    /// the plugin takes.
    public let template: Located<Template>

    /// Describes a sink.
    public init(name: Located<String>, kind: SinkKind, template: Located<Template>) {
        self.name = name
        self.kind = kind
        self.template = template
    }
}

/// The kinds of sinks, and what each has to know.
public enum SinkKind: Sendable, Equatable {
    /// One file a credential.
    case file(FileFormat)
    /// One file of variables a credential, or the variables of a pipeline's job.
    case environment(EnvironmentFormat, VariableStyle)
    /// An Azure key vault; `vault` is `https://NAME.SUFFIX`.
    case keyVault(vault: String)
    /// The Secret Service of the session.
    case keyring(collection: String, label: Template)
    /// A plugin and its options.
    case plugin(name: String, options: [String: JSONValue])
}

extension EnvironmentFormat {
    /// Stands where a path would, for a job's own variables: what `$GITHUB_ENV` names, or the Azure Pipelines
    /// agent.
    ///
    /// The name may go on with `:` and a credential, since `SP_…` and `SERVER_…` do not get in each other's way.
    public static var runnerName: String { "runner" }
}
