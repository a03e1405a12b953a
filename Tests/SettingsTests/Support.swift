import FoundationEssentials
import Settings
import Testing

/// An environment as a login has it.
let home = ["HOME": "/home/op"]

/// Two clusters' worth of UUIDs.
let subscription = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
let appId = "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d"

/// A sink and a cluster, to which a test adds what it is about.
let small = """
    version: 1
    sinks:
      disk: {type: file, path: "out/{cluster}.{credential}"}
    clusters:
      - name: prod
        subscription: \(subscription)
        resourceGroup: rg
        sinks: [disk]

    """

func parse(_ text: String, _ environment: [String: String] = home) throws -> Configuration {
    try Configuration.parse(text, file: "/etc/credferry/config.yaml", environment: environment)
}

/// The first fault of `text`, as `line:column message; hint`.
func fault(
    _ text: String, _ environment: [String: String] = home, _ location: SourceLocation = #_sourceLocation
) -> String {
    guard let error = faults(text, environment, location).first else { return "" }
    let place = error.position.map { "\($0.line):\($0.column) " } ?? ""
    return place + error.message + (error.hint.map { "; \($0)" } ?? "")
}

/// Every fault of `text`.
func faults(
    _ text: String, _ environment: [String: String] = home, _ location: SourceLocation = #_sourceLocation
) -> [ConfigurationError] {
    do {
        _ = try parse(text, environment)
        Issue.record("it was taken", sourceLocation: location)
        return []
    } catch let error as ConfigurationError {
        return [error] + error.others
    } catch {
        Issue.record(error, sourceLocation: location)
        return []
    }
}

/// A file of the repository.
func repositoryFile(_ path: String) -> String {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(root)/\(path)"
}
