/// What is wrong with the configuration.
///
/// Where several things are wrong, the error is about the first of them and carries the others, so that they
/// can be mended in one go.
public struct ConfigurationError: Error, Sendable, Equatable {
    /// Where it is wrong; `nil` where there is no place, such as for a file that is missing.
    public let position: Position?
    /// What was found, and what was expected; lower case, no full stop.
    public let message: String
    /// What the operator can do about it.
    public let hint: String?
    /// What else is wrong, from top to bottom.
    public let others: [ConfigurationError]

    /// Describes a fault.
    ///
    /// Neither text may hold the value of an environment variable, which may be secret.
    public init(
        _ message: String, at position: Position? = nil, hint: String? = nil,
        others: [ConfigurationError] = []
    ) {
        self.position = position
        self.message = message
        self.hint = hint
        self.others = others
    }
}

extension ConfigurationError: CustomStringConvertible {
    /// `file:line:column: message; hint`, one line a fault.
    public var description: String {
        let place = position.map { "\($0): " } ?? ""
        let advice = hint.map { "; \($0)" } ?? ""
        return ([place + message + advice] + others.map(\.description)).joined(separator: "\n")
    }
}
