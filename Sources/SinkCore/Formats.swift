/// How a `file` sink writes a secret.
public enum FileFormat: String, Sendable, Hashable, CaseIterable {
    /// An object with `appId`, `password`, `tenant`, `keyId` and `notAfter`.
    case json
    /// The secret alone.
    case raw
    /// `NAME=value` lines, quoted as dotenv libraries read them.
    case dotenv
    /// `export NAME='value'` lines for a POSIX shell to source.
    case shell
}

/// How an `environment` sink writes a secret.
public enum EnvironmentFormat: String, Sendable, Hashable, CaseIterable {
    /// `export NAME='value'` lines for a POSIX shell to source.
    case shell
    /// `NAME=value` lines, quoted as dotenv libraries read them.
    case dotenv
    /// Lines of systemd's `EnvironmentFile=` (systemd.exec(5)).
    case systemd
    /// Appended to the file that `$GITHUB_ENV` names, for the later steps of a GitHub Actions job.
    case github
    /// Told to the Azure Pipelines agent, for the later steps of a job.
    case azurePipelines = "azure-pipelines"
}

/// What the variables of an `environment` sink, and of `exec`, are called.
public enum VariableStyle: String, Sendable, Hashable, CaseIterable {
    /// `SP_ID` and `SP_SECRET`, or `SERVER_APPLICATION_ID` and its kin, as Microsoft's article has them.
    case article
    /// `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET` and `AZURE_TENANT_ID`, which the Azure SDKs read.
    case azureIdentity = "azure-identity"
}
