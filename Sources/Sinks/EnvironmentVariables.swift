public import SinkCore

/// One variable of the `environment` sink and of `exec`.
public struct EnvironmentVariable: Sendable, Hashable {
    /// What a variable holds.
    public enum Value: Sendable, Hashable {
        /// Something that is no secret.
        case text(String)
        /// The secret, which is not in here.
        case secret
    }

    /// Its name.
    public let name: String
    /// What it holds.
    public let value: Value

    /// Describes a variable.
    public init(name: String, value: Value) {
        self.name = name
        self.value = value
    }
}

/// Which variables stand for a credential.
///
/// The names are those of Microsoft's article on AKS credentials
/// (https://learn.microsoft.com/azure/aks/update-credentials) and of the Azure SDKs' `EnvironmentCredential`.
public enum EnvironmentVariables {
    /// The variables that hold the credential that `metadata` is about.
    ///
    /// An `application` goes by the names of a service principal. What is empty or unknown has no variable.
    public static func variables(for metadata: Metadata, style: VariableStyle) -> [EnvironmentVariable] {
        let names = Names.of(metadata.credential, style)
        let texts: [(name: String?, value: String?)] = [
            (names.id, metadata.appId), (names.client, metadata.clientAppId), (names.tenant, metadata.tenant),
        ]
        let known = texts.compactMap { name, value -> EnvironmentVariable? in
            guard let name, let value, !value.isEmpty else { return nil }
            return EnvironmentVariable(name: name, value: .text(value))
        }
        return known + [EnvironmentVariable(name: names.secret, value: .secret)]
    }

    /// The names of one credential's variables.
    struct Names: Sendable {
        let id: String
        let secret: String
        var client: String?
        var tenant: String?

        static let servicePrincipal = Names(id: "SP_ID", secret: "SP_SECRET")
        static let entraApp = Names(
            id: "SERVER_APPLICATION_ID", secret: "SERVER_APPLICATION_SECRET", client: "CLIENT_APPLICATION_ID")
        static let azureIdentity = Names(
            id: "AZURE_CLIENT_ID", secret: "AZURE_CLIENT_SECRET", tenant: "AZURE_TENANT_ID")

        static func of(_ credential: String, _ style: VariableStyle) -> Names {
            switch style {
            case .azureIdentity: azureIdentity
            case .article: credential == CredentialKind.entraApp.rawValue ? entraApp : servicePrincipal
            }
        }

        /// Those that a file of a style may hold, for readers.
        static func candidates(_ style: VariableStyle) -> [Names] {
            switch style {
            case .azureIdentity: [azureIdentity]
            case .article: [servicePrincipal, entraApp]
            }
        }
    }
}
