public import SinkCore

/// What a ``Target`` stands for.
public enum Resolution: Sendable, Equatable {
    /// A cluster of the configuration, and the credential where the target names one.
    case cluster(ClusterSettings, CredentialKind?)
    /// An identity of the configuration.
    case identity(IdentitySettings)
    /// Nothing that the configuration lists; it may be a cluster of a subscription under `discover`.
    case discoverable(name: String, CredentialKind?)
}

extension Configuration {
    /// What `target` stands for.
    ///
    /// - Throws: ``TargetError`` where there is nothing of that name, or it has no such credential.
    public func resolve(_ target: Target) throws(TargetError) -> Resolution {
        if let cluster = clusters.first(where: { $0.name.value == target.name }) {
            return .cluster(cluster, try kind(of: target, among: cluster.credentials))
        }
        if let identity = identities.first(where: { $0.name.value == target.name }) {
            guard [nil, .application].contains(target.kind) else {
                throw TargetError(
                    message: "`\(target)`: `\(target.name)` is an identity without a cluster",
                    hint: "its only credential is called `application`")
            }
            return .identity(identity)
        }
        if discover != nil, Names.isClusterName(target.name) {
            return .discoverable(name: target.name, try kind(of: target, among: nil))
        }
        let known = clusters.map(\.name.value) + identities.map(\.name.value)
        throw TargetError(
            message: "unknown target `\(target.name)`",
            hint: Nearest.hint(target.name, among: known, called: "targets"))
    }

    private func kind(
        of target: Target, among credentials: [CredentialKind]?
    ) throws(TargetError) -> CredentialKind? {
        guard let kind = target.kind else { return nil }
        let known = credentials ?? [.servicePrincipal, .entraApp]
        guard known.contains(kind) else {
            let names = known.map { "`\($0.rawValue)`" }.joined(separator: " and ")
            throw TargetError(
                message: "`\(target)`: there is no such credential", hint: "of `\(target.name)`: \(names)")
        }
        return kind
    }
}
