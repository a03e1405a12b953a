import ArgumentParser
import Fleet

/// The options of a new identity in place of another.
struct ReplacementOptions: ParsableArguments {
    @Flag(
        help:
            "Make a new service principal, or Entra server and client, instead of a new secret for the old one."
    )
    var replace = false

    @Option(
        help: ArgumentHelp(
            "With --replace: a role of the new service principal; without, those of the old one.",
            valueName: "role"))
    var role: [String] = []

    @Option(help: ArgumentHelp("With --role: the resource id that it is over.", valueName: "resourceid"))
    var scope: [String] = []

    func validate() throws {
        guard role.isEmpty == scope.isEmpty else {
            throw ValidationError("--role and --scope go together: what, and over what")
        }
        guard replace || role.isEmpty else {
            throw ValidationError("--role and --scope are about a new service principal: say --replace, too")
        }
        if let wrong = scope.first(where: { !$0.hasPrefix("/subscriptions/") && !$0.hasPrefix("/providers/") }
        ) {
            throw ValidationError(
                "\(wrong) is no resource id: those begin with /subscriptions/ or /providers/")
        }
    }

    /// What is wanted; `nil` where the identity stays.
    var newIdentity: NewIdentity? {
        replace ? NewIdentity(roles: role, scopes: scope) : nil
    }
}

/// What becomes of the identity that was replaced, as `--old` has it.
enum OldIdentity: String, ExpressibleByArgument, CaseIterable {
    case keep
    case disable
    case delete

    var fate: FormerIdentity {
        switch self {
        case .keep: .keep
        case .disable: .disable
        case .delete: .delete
        }
    }
}
