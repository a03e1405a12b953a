internal import Journal
internal import Rotation
internal import SinkCore

extension Failure {
    /// Any error of the modules below, as the machine tells failures apart.
    init(_ error: any Error) {
        switch error {
        case let error as Failure: self = error
        case let error as FleetError:
            let kind: Kind = if case .failure(let kind) = error.code { kind } else { .invalid }
            self.init(kind, error.message, hint: error.hint)
        case let error as JournalError:
            self.init(error.code == .locked ? .contended : .invalid, error.message, hint: error.hint)
        default: self.init(.invalid, "\(error)")
        }
    }
}
