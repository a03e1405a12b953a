internal import Settings
internal import SinkCore

/// What a command is about: configured clusters and identities, narrowed down by targets.
struct Selection: Sendable {
    /// One configured cluster or identity.
    struct Entry: Sendable {
        enum Source: Sendable {
            case cluster(ClusterSettings)
            case identity(IdentitySettings)
        }

        let source: Source
        /// Which of its credentials are meant; `nil` for all that it has.
        let kinds: [CredentialKind]?

        var name: String {
            switch source {
            case .cluster(let cluster): cluster.name.value
            case .identity(let identity): identity.name.value
            }
        }

        var sinks: [Located<String>] {
            switch source {
            case .cluster(let cluster): cluster.sinks
            case .identity(let identity): identity.sinks
            }
        }

        var policy: PolicySettings {
            switch source {
            case .cluster(let cluster): cluster.policy
            case .identity(let identity): identity.policy
            }
        }

        /// Whether credferry applies the secret, where there is a cluster.
        var applies: Bool {
            if case .cluster(let cluster) = source { cluster.apply } else { true }
        }

        func includes(_ kind: CredentialKind) -> Bool { kinds?.contains(kind) ?? true }
    }

    let entries: [Entry]

    /// Everything that is configured, or what `targets` name of it, each once and in the file's order.
    ///
    /// - Throws: ``FleetError/Code/unknownName``.
    init(_ targets: [Target], of configuration: Configuration) throws(FleetError) {
        let all =
            configuration.clusters.map { Entry(source: .cluster($0), kinds: $0.credentials) }
            + configuration.identities.map { Entry(source: .identity($0), kinds: [.application]) }
        guard !targets.isEmpty else {
            entries = all
            return
        }
        var wanted: [String: [CredentialKind]?] = [:]
        for target in targets {
            let (name, kinds) = try Self.resolve(target, configuration)
            if let earlier = wanted[name] {
                wanted[name] = earlier.flatMap { earlier in kinds.map { earlier + $0 } }
            } else {
                wanted[name] = .some(kinds)
            }
        }
        entries = all.compactMap { entry in
            wanted[entry.name].map { Entry(source: entry.source, kinds: $0) }
        }
    }

    private static func resolve(
        _ target: Target, _ configuration: Configuration
    ) throws(FleetError) -> (String, [CredentialKind]?) {
        do {
            switch try configuration.resolve(target) {
            case .cluster(let cluster, let kind):
                return (cluster.name.value, kind.map { [$0] } ?? cluster.credentials)
            case .identity(let identity): return (identity.name.value, [.application])
            case .discoverable(let name, _):
                throw FleetError(
                    .unknownName, "cluster \(name) is not configured",
                    hint: "this version does not search subscriptions: name it under `clusters:`")
            }
        } catch let error as TargetError {
            throw FleetError(.unknownName, error.message, hint: error.hint)
        } catch let error as FleetError {
            throw error
        } catch {
            throw FleetError(.unknownName, "\(error)")
        }
    }
}
