/// Which of a cluster's secrets something is about.
public enum CredentialKind: String, Codable, Sendable, Hashable, CaseIterable {
    /// The service principal that the cluster runs under.
    case servicePrincipal = "service-principal"
    /// The server application of the legacy Entra integration.
    case entraApp = "entra-app"
    /// An Entra application that no cluster holds.
    case application
}
