import PluginHost

/// The plugins that there are, as `plugins list` shows them.
struct PluginListView: Encodable {
    /// One plugin; where it is unusable, `fault` says why, and nothing else of it is known.
    struct Entry: Encodable {
        var name: String?
        var version: String?
        var folder: String?
        var `protocol`: String?
        var trust: String
        var network: Bool?
        var reads: [String]?
        var writes: [String]?
        var environment: [String]?
        var fault: String?
    }

    let plugins: [Entry]

    init(_ found: [Result<Plugin, PluginError>], _ pins: TrustStore) {
        plugins = found.map { result in
            do throws(PluginError) {
                let plugin = try result.get()
                let manifest = plugin.manifest
                return Entry(
                    name: manifest.name, version: manifest.version, folder: plugin.folder,
                    protocol: manifest.wireProtocol.rawValue, trust: try pins.standing(of: plugin).rawValue,
                    network: manifest.network, reads: manifest.reads, writes: manifest.writes,
                    environment: manifest.environment)
            } catch {
                return Entry(trust: "unusable", fault: error.description)
            }
        }
    }

    /// A table, and what is wrong below it.
    var text: String {
        guard !plugins.isEmpty else { return "there are no plugins\n" }
        var table = Table(header: ["PLUGIN", "VERSION", "TRUST", "NETWORK", "READS", "WRITES", "FOLDER"])
        for plugin in plugins where plugin.fault == nil {
            let isTrusted = plugin.trust == "shipped" || plugin.trust == "pinned"
            table.add([
                .init(plugin.name ?? ""), .init(Terminal.oneLine(plugin.version ?? "")),
                .init(plugin.trust, isTrusted ? .good : .bad), .init(plugin.network == true ? "yes" : "no"),
                .init(Self.list(plugin.reads)), .init(Self.list(plugin.writes)),
                .init(Terminal.oneLine(plugin.folder ?? "")),
            ])
        }
        let faults = plugins.compactMap(\.fault).map { "unusable: \(Terminal.oneLine($0))\n" }
        return table.rendered() + faults.joined()
    }

    private static func list(_ paths: [String]?) -> String {
        guard let paths, !paths.isEmpty else { return "–" }
        return Terminal.oneLine(paths.joined(separator: " "))
    }
}
