import ArgumentParser
import Fleet
import Journal

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check the audit chain.", subcommands: [AuditVerifyCommand.self])
}

struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Find any changed, missing or reordered record of what was done.",
        discussion: """
            Prints the chain's head. Note it elsewhere: who can write the state folder can write a whole new \
            chain, and only a head that was noted before, given with --head, tells.
            """)

    /// The JSON of the command.
    struct Report: Encodable {
        struct Fault: Encodable {
            let record: Int?
            let reason: String
        }

        let ok: Bool
        let records: Int
        let head: String
        let fault: Fault?

        enum CodingKeys: String, CodingKey { case ok, records, head, fault }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(ok, forKey: .ok)
            try container.encode(records, forKey: .records)
            try container.encode(head, forKey: .head)
            try container.encode(fault, forKey: .fault)
        }
    }

    @Option(
        name: .customLong("head"),
        help: ArgumentHelp(
            "A head noted before, that the chain must still contain.", valueName: "number:hash"),
        transform: { text in
            guard let head = AuditHead(text) else {
                throw ValidationError("\(text) is no head: it is NUMBER:HASH, as `audit verify` prints it")
            }
            return head
        })
    var heads: [AuditHead] = []

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let verdict = try await options.withFleet { try $0.verifyAudit(containing: heads) }
        switch options.output {
        case .json:
            try options.writeJSON(
                Report(
                    ok: verdict.fault == nil, records: verdict.head.number, head: verdict.head.description,
                    fault: verdict.fault.map { .init(record: $0.record, reason: $0.reason) }))
        case .text:
            if verdict.fault == nil {
                Terminal.write(
                    "the audit chain is sound: \(verdict.head.number) records\nhead \(verdict.head)\n",
                    to: .output)
            }
        }
        guard let fault = verdict.fault else { return }
        throw Complaint(
            .failed, "\(fault)",
            hint: verdict.head.number > 0 ? "up to record \(verdict.head.number) the chain is sound" : nil)
    }
}
