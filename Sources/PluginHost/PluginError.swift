internal import SinkCore

/// Why a plugin cannot be used.
public struct PluginError: Error, Sendable, Equatable {
    /// The kinds that callers tell apart.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// There is no plugin of that name.
        case notFound
        /// `plugin.json` is not what it must be.
        case badManifest
        /// Somebody else could write the plugin's files.
        case untrusted
        /// The plugin speaks a protocol that this version does not.
        case unsupported
        /// The options cannot be sent to a plugin.
        case badOptions
        /// The operating system cannot start it.
        case cannotStart
    }

    /// What kind of failure this is.
    public let code: Code
    /// What happened, to which plugin or file, and why; lower case, no full stop.
    public let message: String
    /// What the operator can do about it.
    public let hint: String?

    /// Describes a failure.
    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }
}

extension PluginError: CustomStringConvertible {
    /// The message, and the hint where there is one.
    public var description: String {
        hint.map { "\(message); \($0)" } ?? message
    }
}

extension PluginError {
    /// The failure as that of the sink that the plugin stands for.
    var sinkError: SinkError {
        let code: SinkError.Code =
            switch self.code {
            case .notFound, .cannotStart: .unavailable
            case .untrusted: .denied
            case .badOptions: .refused
            case .badManifest, .unsupported: .broken
            }
        return SinkError(code, message, hint: hint)
    }
}
