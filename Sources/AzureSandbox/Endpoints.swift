/// The services that the sandbox plays.
enum Service: String, Sendable, CaseIterable {
    /// Entra's token endpoint.
    case login
    /// Microsoft Graph.
    case graph
    /// Azure Resource Manager, with AKS behind it.
    case arm
    /// Key Vault's data plane.
    case vault
    /// The sandbox's own interface for tests.
    case control
}

/// Where the services are reached: one port, told apart by the host that the client names.
struct Endpoints: Sendable {
    /// The port, on 127.0.0.1.
    let port: Int

    var control: String { "https://localhost:\(port)" }
    var login: String { "https://login.localhost:\(port)" }
    var graph: String { "https://graph.localhost:\(port)" }
    var management: String { "https://management.localhost:\(port)" }
    /// A vault's host is its name, a dot, and this.
    var vaultSuffix: String { "vault.localhost:\(port)" }
    /// What a token for Key Vault names as its audience.
    var vaultAudience: String { "https://\(vaultSuffix)" }

    /// The URL of a vault.
    func vault(_ name: String) -> String { "https://\(name).\(vaultSuffix)" }

    /// Which service a host belongs to, and the vault's name where it is one.
    static func service(host: String) -> (service: Service, vault: String?)? {
        switch host {
        case "localhost", "127.0.0.1": return (.control, nil)
        case "login.localhost": return (.login, nil)
        case "graph.localhost": return (.graph, nil)
        case "management.localhost": return (.arm, nil)
        default:
            let suffix = ".vault.localhost"
            guard host.hasSuffix(suffix) else { return nil }
            let name = String(host.dropLast(suffix.count))
            return name.isEmpty || name.contains(".") ? nil : (.vault, name)
        }
    }
}
