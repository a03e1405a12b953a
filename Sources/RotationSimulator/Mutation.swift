package import Rotation

/// A precaution that a history is lived through without, to see that a rule breaks.
package enum Mutation: Sendable, Hashable, CustomStringConvertible {
    /// One of the machine's own.
    case machine(Guard)
    /// The record is stored before its effects begin.
    case intentFirst
    /// One process works on an identity at a time.
    case lock
    /// A secret that a sink gives back is known by its fingerprint.
    case fingerprint
    /// A rotation begins after every earlier one, whatever the clock says.
    case startOrder

    /// Every one there is.
    package static let all: [Mutation] =
        Guard.allCases.map(Mutation.machine) + [.intentFirst, .lock, .fingerprint, .startOrder]

    /// Its name, as the program takes it.
    package var description: String {
        switch self {
        case .machine(let precaution): precaution.rawValue
        case .intentFirst: "intentFirst"
        case .lock: "lock"
        case .fingerprint: "fingerprint"
        case .startOrder: "startOrder"
        }
    }

    /// The precaution of this name.
    package init?(_ name: String) {
        guard let found = Self.all.first(where: { $0.description == name }) else { return nil }
        self = found
    }

    var machineGuard: Guard? {
        if case .machine(let precaution) = self { precaution } else { nil }
    }
}
