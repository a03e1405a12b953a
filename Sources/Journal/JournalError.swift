/// Why the journal cannot be used.
public struct JournalError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds that callers tell apart.
    public enum Code: String, Sendable {
        /// The state folder or a file in it cannot be made, read or written.
        case inaccessible
        /// The disk is full.
        case full
        /// The file is damaged, or no journal.
        case corrupt
        /// A newer version of the program wrote it.
        case newer
        /// Another rotator holds the lock of an identity.
        case locked
    }

    /// What kind of failure this is.
    public let code: Code
    /// What happened, to which file, and why.
    public let message: String
    /// What the operator can do about it.
    public let hint: String?

    init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// The message, and the hint where there is one.
    public var description: String {
        hint.map { "\(message); \($0)" } ?? message
    }
}
