/// Why the sandbox cannot start.
public struct SandboxError: Error, Sendable, Equatable {
    /// The kinds that callers tell apart.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A file or folder cannot be written.
        case file
        /// The port is taken, or may not be listened on.
        case port
        /// OpenSSL could not make a certificate.
        case certificate
    }

    /// What kind of failure this is.
    public let code: Code
    /// What happened, to which thing, and why; lower case, no full stop.
    public let message: String
    /// What can be done about it.
    public let hint: String?

    /// Describes a failure.
    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }
}

extension SandboxError: CustomStringConvertible {
    /// The message, and the hint where there is one.
    public var description: String {
        hint.map { "\(message); \($0)" } ?? message
    }
}
