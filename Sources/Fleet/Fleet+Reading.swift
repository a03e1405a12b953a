internal import Rotation
public import Settings
public import SinkCore

/// A secret as a sink gave it.
public struct Reading: ~Copyable, Sendable {
    /// The sink that it was read from.
    public let sink: String
    /// The secret and what is stored beside it.
    public let stored: StoredSecret
    /// What the variables of the target are called by: as its first environment sink has them.
    public let variableStyle: VariableStyle
}

extension Fleet {
    /// What a sink holds for a target.
    ///
    /// Needs the sink and nothing else: no journal, and for a file no network; unless the sink's names are made
    /// of what only Azure knows.
    ///
    /// - Parameter sink: which of the sinks; the first of the target's that can be read where `nil`.
    /// - Throws: ``FleetError``, `SinkError`.
    public func read(_ target: Target, from sink: String?) async throws -> Reading {
        let source = try source(target)
        let candidates = source.sinks
        let chosen: String
        if let sink {
            guard sinks.contains(sink) else {
                throw FleetError(
                    .unknownName, "there is no sink \(sink)",
                    hint: "\(target.name) is delivered to \(candidates.joined(separator: ", "))")
            }
            guard sinks.isReadable(sink) else {
                throw FleetError(
                    .failure(.invalid), "sink \(sink) can be written, but not read",
                    hint: "read another with --from")
            }
            chosen = sink
        } else {
            guard let first = candidates.first(where: sinks.isReadable) else {
                throw FleetError(
                    .failure(.invalid), "none of the sinks of \(target.name) can be read",
                    hint: "they are \(candidates.joined(separator: ", "))")
            }
            chosen = first
        }
        let name = try await name(of: source, in: chosen, target)
        do {
            return Reading(
                sink: chosen, stored: try await sinks.sink(chosen).get(name),
                variableStyle: candidates.lazy.compactMap(sinks.variableStyle).first ?? .article)
        } catch let error as SinkError {
            throw FleetError(Failure(error, sink: chosen))
        }
    }

    /// Where a target's secret is.
    struct Source {
        let kind: CredentialKind
        let values: TemplateValues
        let sinks: [String]
    }

    /// Where the secret of `target` is, by the configuration alone.
    func source(_ target: Target) throws(FleetError) -> Source {
        let resolution: Resolution
        do throws(TargetError) {
            resolution = try configuration.resolve(target)
        } catch {
            throw FleetError(.unknownName, error.message, hint: error.hint)
        }
        switch resolution {
        case .cluster(let cluster, let kind):
            let kinds = cluster.credentials ?? []
            let kind = kind ?? (kinds.count == 1 ? kinds[0] : .servicePrincipal)
            return Source(
                kind: kind,
                values: TemplateValues(
                    cluster: cluster.name.value, credential: kind,
                    resourceGroup: cluster.resourceGroup.value, subscription: cluster.subscription.value),
                sinks: cluster.sinks.map(\.value))
        case .identity(let identity):
            return Source(
                kind: .application,
                values: TemplateValues(
                    cluster: identity.name.value, credential: .application, appId: identity.appId.value),
                sinks: identity.sinks.map(\.value))
        case .discoverable(let name, _):
            throw FleetError(
                .unknownName, "cluster \(name) is not configured",
                hint: "this version does not search subscriptions: name it under `clusters:`")
        }
    }

    /// The name in the sink; where it holds what only Azure knows, Azure is asked.
    func name(of source: Source, in sink: String, _ target: Target) async throws -> String {
        do throws(FleetError) {
            return try sinks.name(of: source.values, in: sink)
        } catch {
            let members = try await survey([target]).groups.flatMap(\.members)
            guard let member = members.first(where: { $0.name == target.name && $0.kind == source.kind })
            else { throw error }
            return try sinks.name(of: member.templateValues, in: sink)
        }
    }
}
