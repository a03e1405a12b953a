/// What a check of the audit chain found.
public struct AuditVerdict: Sendable, Equatable {
    /// The last record that is as it should be.
    public let head: AuditHead
    /// The first thing that is not; `nil` where all is well.
    public let fault: AuditFault?

    /// What there is to say where nothing was ever journaled.
    public static let nothing = AuditVerdict(head: .none, fault: nil)
}

/// What is wrong with the audit chain.
public struct AuditFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// The number of the first bad record; `nil` where it is about none of them.
    public let record: Int?
    /// What is wrong with it.
    public let reason: String

    /// One line.
    public var description: String {
        record.map { "audit record \($0): \(reason)" } ?? reason
    }
}
