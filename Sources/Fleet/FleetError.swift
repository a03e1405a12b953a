public import Rotation

/// Why a command on the fleet cannot begin, or a reading fails.
public struct FleetError: Error, Sendable, Equatable {
    /// The kinds that callers tell apart.
    public enum Code: Sendable, Equatable {
        /// There is no such target or sink.
        case unknownName
        /// The configuration is wrong; the message names file, line and column.
        case configuration
        /// Something out there failed.
        case failure(Failure.Kind)
    }

    /// What kind of failure this is.
    public let code: Code
    /// What happened, to which thing, and why.
    public let message: String
    /// What the operator can do about it.
    public let hint: String?

    /// Describes a failure.
    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// A failure that the machine knows.
    public init(_ failure: Failure) {
        self.init(.failure(failure.kind), failure.message, hint: failure.hint)
    }
}
