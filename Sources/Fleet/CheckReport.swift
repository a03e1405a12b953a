public import Rotation

/// The JSON of `doctor`.
public struct CheckReport: Codable, Sendable, Equatable {
    /// One thing that was looked at.
    public struct Line: Codable, Sendable, Equatable {
        /// What is looked at.
        public enum Check: String, Codable, Sendable {
            case configuration
            case journal
            case signIn = "sign-in"
            case cluster
            case identity
            case sink
        }

        /// How it is.
        public enum Outcome: String, Codable, Sendable {
            /// As it should be.
            case ok
            /// It works, and wants to be known.
            case warning
            /// A rotation would stop here.
            case fault
        }

        /// What was looked at.
        public var check: Check
        /// Which one.
        public var subject: String
        /// How it is.
        public var outcome: Outcome
        /// What was found.
        public var message: String
        /// How to mend it.
        public var hint: String?
        /// What kind of fault it is.
        public var failure: Failure.Kind?

        /// Writes every key, those without a value as null.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(check, forKey: .check)
            try container.encode(subject, forKey: .subject)
            try container.encode(outcome, forKey: .outcome)
            try container.encode(message, forKey: .message)
            try container.encode(hint, forKey: .hint)
            try container.encode(failure, forKey: .failure)
        }

        static func ok(_ check: Check, _ subject: String, _ message: String) -> Line {
            Line(check: check, subject: subject, outcome: .ok, message: message)
        }

        static func warning(
            _ check: Check, _ subject: String, _ message: String, hint: String? = nil
        ) -> Line {
            Line(check: check, subject: subject, outcome: .warning, message: message, hint: hint)
        }

        static func fault(_ check: Check, _ subject: String, _ failure: Failure) -> Line {
            Line(
                check: check, subject: subject, outcome: .fault, message: failure.message, hint: failure.hint,
                failure: failure.kind)
        }
    }

    /// What was looked at, in the order of a rotation's needs.
    public var checks: [Line]
}
