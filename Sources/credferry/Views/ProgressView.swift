import Fleet
import FoundationEssentials
import Rotation
import SinkCore
import Synchronization

/// Shows rotations while they run: a line a step, and on a terminal one more at the bottom that moves while
/// something takes its time.
final class ProgressView: Sendable {
    private struct State {
        var waiting: [String: Waiting] = [:]
        var frame = 0
        var hasLiveLine = false
    }

    private struct Waiting {
        var text: String
        var since: Date
    }

    private let isQuiet: Bool
    private let isVerbose: Bool
    private let isLive: Bool
    private let state = Mutex(State())

    init(isQuiet: Bool, isVerbose: Bool) {
        self.isQuiet = isQuiet
        self.isVerbose = isVerbose
        isLive = !isQuiet && Terminal.hasColour(.error)
        if isLive { startTicking() }
    }

    /// Shows what has happened to a target.
    func show(_ target: String, _ progress: Progress) {
        guard !isQuiet else { return }
        for line in Self.lines(progress, isVerbose: isVerbose) {
            say("\(Terminal.paint(target, .faint, on: .error))  \(line)")
        }
        setWaiting(Self.waiting(progress), for: target)
    }

    /// Takes away the line that moves.
    func end() {
        state.withLock { state in
            state.waiting = [:]
            erase(&state)
        }
    }

    // MARK: What is said

    private static func lines(_ progress: Progress, isVerbose: Bool) -> [String] {
        let (record, plan) = (progress.record, progress.record.plan)
        func step(_ name: String, _ text: String) -> String {
            name.padding(to: 8) + "  " + Terminal.oneLine(text)
        }
        var lines: [String] = []
        switch progress.event {
        case .begin:
            let clusters =
                plan.consumers.isEmpty ? "no cluster" : plan.consumers.map(\.name).joined(separator: ", ")
            let sinks = plan.deliveries.map(\.sink).joined(separator: ", ")
            lines.append(step("plan", "identity \(plan.identity.appId), held by \(clusters); sinks \(sinks)"))
        case .resume where record.isUnfinished:
            lines.append(step("resume", "from the step \(record.step.rawValue)"))
        case .applicationMade(let made), .applicationFound(.some(let made)):
            lines.append(
                step("provision", "application \(made.appId), \(record.provision?.displayName ?? "")"))
        case .principalMade(let id): lines.append(step("provision", "service principal \(id)"))
        case .granted(let index):
            if let grant = plan.replacement?.grants[index] {
                lines.append(step("provision", "\(grant.role ?? grant.roleDefinitionId) over \(grant.scope)"))
            }
        case .makeFailed(let failure), .principalFailed(let failure), .grantFailed(_, let failure):
            if isVerbose || failure.kind != .notPropagated {
                lines.append(step("provision", failure.message))
            }
        case .unmade: lines.append(step("provision", "what was made is taken back"))
        case .added(let keyId, _, let notAfter, _):
            lines.append(step("add", "credential \(keyId), valid until \(Timestamp.text(notAfter))"))
        case .proofFailed(let failure) where isVerbose: lines.append(step("prove", failure.message))
        case .stored(let index, let version):
            if record.deliveries[index].stage == .confirmed { lines.append(delivered(index, version)) }
        case .readBack(let index, matches: true):
            lines.append(delivered(index, record.deliveries[index].version))
        case .putFailed(_, let failure), .readBackFailed(_, let failure), .loadFailed(_, let failure):
            lines.append(step("deliver", failure.message))
        case .resetAccepted(let index, _):
            lines.append(step("apply", "\(plan.consumers[index].name): accepted"))
        case .resetFailed(let index, let failure):
            lines.append(step("apply", "\(plan.consumers[index].name): \(failure.message)"))
        case .operation(let index, .failed(let failure)):
            lines.append(step("apply", "\(plan.consumers[index].name): \(failure.message)"))
        case .consumer(let index, .settled) where record.consumers[index].stage == .applied:
            let since = record.consumers[index].acceptedAt.map { "after \(elapsed(since: $0))" } ?? ""
            lines.append(step("apply", "\(plan.consumers[index].name): done \(since)"))
        case .removed(let keyId): lines.append(step("retire", "removed credential \(keyId)"))
        case .removeFailed(_, let failure): lines.append(step("retire", failure.message))
        default: break
        }
        if record.step == .deliver, progress.effects.contains(where: isPut), case .proved = progress.event {
            lines.insert(step("prove", "Entra accepted it \(plan.policy.proofs) times in a row"), at: 0)
        }
        return lines

        func delivered(_ index: Int, _ version: String?) -> String {
            let delivery = plan.deliveries[index]
            let check = delivery.isReadable ? "read back" : "cannot be read back"
            return step(
                "deliver",
                "\(delivery.sink): \(delivery.name), \(check)" + (version.map { ", version \($0)" } ?? ""))
        }
    }

    private static func isPut(_ effect: Effect) -> Bool {
        if case .put = effect { true } else { false }
    }

    private static func waiting(_ progress: Progress) -> String? {
        let record = progress.record
        return switch record.step {
        case .provision: provisioning(record)
        case .add: "adding a credential"
        case .prove: "waiting for Entra to accept the new secret"
        case .deliver: "delivering"
        case .apply:
            record.consumers.allSatisfy(\.stage.isFinal)
                ? nil
                : "updating "
                    + zip(record.plan.consumers, record.consumers)
                    .filter { !$0.1.stage.isFinal }
                    .map(\.0.name).joined(separator: ", ")
        case .overlap where progress.effects.contains(where: { if case .sleep = $0 { true } else { false } }):
            "waiting for the overlap to end"
        case .retire: "retiring"
        case .plan, .overlap, .ended: nil
        }
    }

    private static func provisioning(_ record: RotationRecord) -> String {
        record.usableAt.map { "waiting until \(Timestamp.text($0)) before the new identity is used" }
            ?? "making a new identity"
    }

    // MARK: The live line

    private func say(_ line: String) {
        state.withLock { state in
            erase(&state)
            Terminal.write(line + "\n", to: .error)
        }
    }

    private func setWaiting(_ text: String?, for target: String) {
        guard isLive else { return }
        state.withLock { state in
            if state.waiting[target]?.text == text { return }
            state.waiting[target] = text.map { Waiting(text: $0, since: Date()) }
        }
    }

    private func startTicking() {
        Task.detached { [weak self] in
            while let self {
                self.tick()
                try? await Task.sleep(for: .milliseconds(120))
            }
        }
    }

    private static let frames = Array("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

    private func tick() {
        state.withLock { state in
            erase(&state)
            guard let (target, waiting) = state.waiting.min(by: { $0.value.since < $1.value.since }) else {
                return
            }
            state.frame = (state.frame + 1) % Self.frames.count
            let more = state.waiting.count > 1 ? ", and \(state.waiting.count - 1) more" : ""
            let elapsed = Self.elapsed(since: waiting.since)
            Terminal.write(
                "\(Self.frames[state.frame]) \(target)  \(waiting.text)\(more), \(elapsed)", to: .error)
            state.hasLiveLine = true
        }
    }

    private func erase(_ state: inout State) {
        guard state.hasLiveLine else { return }
        Terminal.write("\r\u{1B}[2K", to: .error)
        state.hasLiveLine = false
    }

    private static func elapsed(since date: Date) -> String {
        let seconds = Int(Date().timeIntervalSince(date))
        return seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
    }
}

extension String {
    /// The text with blanks behind it, up to `length` characters.
    func padding(to length: Int) -> String {
        self + String(repeating: " ", count: max(0, length - count))
    }
}
