public import SinkCore

/// What a command is about: `CLUSTER`, `CLUSTER/CREDENTIAL`, or the name of an identity.
public struct Target: Sendable, Hashable {
    /// The cluster's or identity's name.
    public let name: String
    /// The credential, where one is named.
    public let kind: CredentialKind?

    /// Understands a TARGET of the command line.
    ///
    /// - Throws: ``TargetError`` where it has no name, or names an unknown credential.
    public init(_ text: String) throws(TargetError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        guard let name = parts.first, !name.isEmpty else {
            throw TargetError(message: "`\(text)` is no TARGET", hint: "write CLUSTER or CLUSTER/CREDENTIAL")
        }
        self.name = name
        guard parts.count > 1 else {
            kind = nil
            return
        }
        guard let kind = CredentialKind(rawValue: parts[1]) else {
            let hint = Nearest.hint(
                parts[1], among: CredentialKind.allCases.map(\.rawValue), called: "credentials")
            throw TargetError(message: "unknown credential `\(parts[1])` in `\(text)`", hint: hint)
        }
        self.kind = kind
    }
}

extension Target: CustomStringConvertible {
    /// As it is written on the command line.
    public var description: String {
        kind.map { "\(name)/\($0.rawValue)" } ?? name
    }
}

/// Why a TARGET means nothing.
public struct TargetError: Error, Sendable, Equatable {
    /// What is wrong with it; lower case, no full stop.
    public let message: String
    /// What the operator can do about it.
    public let hint: String?

    /// Describes a fault.
    public init(message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}

extension TargetError: CustomStringConvertible {
    /// The message, and the hint where there is one.
    public var description: String { hint.map { "\(message); \($0)" } ?? message }
}
