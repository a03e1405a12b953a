import Settings
import Fleet
import Journal
import PluginHost
import Rotation
import SinkCore

/// Every exit status of the program (the numbers from 64 on are those of sysexits.h).
enum ExitStatus: Int32 {
    /// Done.
    case done = 0
    /// Failed; nothing was left unfinished.
    case failed = 1
    /// Stopped with a rotation unfinished: `credferry resume` goes on.
    case unfinished = 2
    /// `status --within`: something expires within the time.
    case expiring = 3
    /// Wrong usage; an unknown target or sink.
    case usage = 64
    /// A sink, plugin or Azure could not be reached; a plugin is untrusted or changed; a keyring is locked.
    case unavailable = 69
    /// Another rotator holds the lock, or throttled past the deadline.
    case tryAgain = 75
    /// Signed in, but not permitted; or signing in failed.
    case notPermitted = 77
    /// The configuration is wrong.
    case configuration = 78

    /// The status of a failure that left nothing unfinished.
    init(_ kind: Failure.Kind) {
        self =
            switch kind {
            case .unavailable, .answerLost, .locked, .denied: .unavailable
            case .throttled, .contended, .conflict: .tryAgain
            case .forbidden, .signIn: .notPermitted
            case .notPropagated, .badCharacters, .notFound, .clusterStopped, .invalid, .mismatch, .secretLost,
                .timeout:
                .failed
            }
    }

    /// The status of a command that could not begin.
    init(_ error: FleetError) {
        self =
            switch error.code {
            case .unknownName: .usage
            case .configuration: .configuration
            case .failure(let kind): ExitStatus(kind)
            }
    }

    /// The status of several targets together: an unfinished rotation before all others, then the first
    /// failure's.
    init(_ reports: [RotationReport]) {
        let bad = reports.filter { [.unfinished, .blocked, .failed].contains($0.outcome) }
        if bad.contains(where: { $0.outcome == .unfinished }) {
            self = .unfinished
        } else if let first = bad.first {
            self = first.failure.map(ExitStatus.init) ?? .failed
        } else {
            self = .done
        }
    }
}

extension ExitStatus {
    /// The status of `doctor`: its first fault's.
    init(_ report: CheckReport) {
        let fault = report.checks.first { $0.outcome == .fault }
        self = fault.map { $0.failure.map(ExitStatus.init) ?? .failed } ?? .done
    }
}

/// What a command ends with when it cannot do what it was asked.
struct Complaint: Error {
    let status: ExitStatus
    let message: String
    let hint: String?

    init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
        self.status = status
        self.message = message
        self.hint = hint
    }

    /// Any error of the modules below.
    init(_ error: any Error) {
        switch error {
        case let error as Complaint: self = error
        case let error as ConfigurationError:
            self.init(.configuration, "\(error)")
        case let error as TargetError: self.init(.usage, error.message, hint: error.hint)
        case let error as FleetError: self.init(ExitStatus(error), error.message, hint: error.hint)
        case let error as Failure: self.init(ExitStatus(error.kind), error.message, hint: error.hint)
        case let error as JournalError:
            let status: ExitStatus = error.code == .locked ? .tryAgain : .failed
            self.init(status, error.message, hint: error.hint)
        case let error as SinkError:
            self.init(ExitStatus(Failure(error, sink: "").kind), error.message, hint: error.hint)
        case let error as PluginError: self.init(.unavailable, error.message, hint: error.hint)
        default: self.init(.failed, "\(error)")
        }
    }
}
