internal import FoundationEssentials
internal import GRDB
internal import Rotation

/// The audit chain: every effect and its result, each record hashing the one before.
///
///     hash(n) = SHA-256(hash(n - 1) ‖ body(n)),  hash(0) = 32 zero bytes
///
/// A body is the record's JSON with sorted keys and without blanks, byte for byte as it is stored, so nobody
/// has to write it again to check it. The number is in the body: a record cannot change places. The last record of a
/// write holds the digest of the rotation's record that was stored with it, so the chain covers that, too.
/// The head, number and hash, stands in `setting` besides, and in ``HeadMark``'s file.
///
/// Everything here runs in the transaction of the one who calls: a record that cannot be written undoes the
/// rest, and the effect that it announces does not happen.
struct AuditChain {
    private static let headName = "auditHead"

    let database: Database

    // MARK: Writing

    /// Adds `entries` to the chain.
    ///
    /// - Parameter digest: of the rotation's record; goes into the last of them.
    /// - Throws: ``JournalError/Code/corrupt`` where the chain does not end where its head says.
    func append(
        _ entries: [HistoryEntry], rotation: String?, appId: String, caller: Caller?, digest: String?
    ) throws {
        var head = try head()
        guard try stored(head.number) == head, try stored(head.number + 1) == nil else {
            throw JournalError.corrupt(
                "the audit chain does not end at its head, record \(head.number)",
                hint: "`credferry audit verify` says more; \(JournalError.rebuildHint)")
        }
        for (index, entry) in entries.enumerated() {
            let record = AuditRecord(
                entry, number: head.number + 1, rotation: rotation, appId: appId, caller: caller,
                digest: index == entries.count - 1 ? digest : nil)
            let body = try Self.encoder.encode(record)
            head = try Self.next(head, body)
            try database.execute(
                sql: "INSERT INTO audit (number, rotation, body, hash) VALUES (?, ?, ?, ?)",
                arguments: [record.number, rotation, body, Data(head.bytes)])
        }
        try database.execute(
            sql: "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)",
            arguments: [Self.headName, Data(head.description.utf8)])
    }

    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    private static func next(_ head: AuditHead, _ body: Data) throws -> AuditHead {
        AuditHead(number: head.number + 1, bytes: SHA256.digest(head.bytes + body))
    }

    // MARK: Reading

    /// Where the chain ends, as the journal itself has it.
    func head() throws -> AuditHead {
        guard try database.tableExists("audit"),
            let value = try Data.fetchOne(
                database, sql: "SELECT value FROM setting WHERE name = ?", arguments: [Self.headName])
        else { return .none }
        guard let head = AuditHead(String(decoding: value, as: UTF8.self)) else {
            throw JournalError.corrupt("the audit chain's head is damaged")
        }
        return head
    }

    /// The chain up to and with the record of that number; `nil` where there is no such record.
    func stored(_ number: Int) throws -> AuditHead? {
        if number == 0 { return AuditHead.none }
        guard try database.tableExists("audit"),
            let hash = try Data.fetchOne(
                database, sql: "SELECT hash FROM audit WHERE number = ?", arguments: [number])
        else { return nil }
        return AuditHead(number: number, bytes: hash)
    }

    /// The records of a rotation, or all of them, oldest first.
    func records(of rotation: String?) throws -> [AuditRecord] {
        let bodies = try Data.fetchAll(
            database, sql: "SELECT body FROM audit WHERE ?1 IS NULL OR rotation = ?1 ORDER BY number",
            arguments: [rotation])
        let decoder = JSONDecoder()
        return try bodies.map { try decoder.decode(AuditRecord.self, from: $0) }
    }

    // MARK: Checking

    /// Reads the whole chain, and compares it with all that is said of it elsewhere.
    ///
    /// - Parameter heads: earlier heads, noted outside of the database, that the chain must contain.
    func verify(containing heads: [AuditHead]) throws -> AuditVerdict {
        var (end, fault) = (AuditHead.none, AuditFault?.none)
        var digests: [String: (number: Int, digest: String)] = [:]
        guard try database.tableExists("audit") else {
            return AuditVerdict(head: end, fault: try missing(heads, at: end))
        }
        let rows = try Row.fetchCursor(
            database, sql: "SELECT number, rotation, body, hash FROM audit ORDER BY number")
        while fault == nil, let row = try rows.next() {
            switch Self.check(row, after: end) {
            case .failure(let found): fault = found
            case .success(let (record, head)):
                end = head
                if let digest = record.digest, let rotation = record.rotation {
                    digests[rotation] = (record.number, digest)
                }
            }
        }
        fault = try fault ?? missing([head()] + heads, at: end) ?? surplus(end) ?? changed(digests)
        return AuditVerdict(head: end, fault: fault)
    }

    private static func check(
        _ row: Row, after end: AuditHead
    ) -> Result<(AuditRecord, AuditHead), AuditFault> {
        let number: Int = row["number"]
        let expected = end.number + 1
        func fault(_ reason: String) -> Result<(AuditRecord, AuditHead), AuditFault> {
            .failure(AuditFault(record: expected, reason: reason))
        }
        guard number == expected else {
            return fault(number > expected ? "it is missing" : "a record has a number below 1")
        }
        let (body, hash): (Data, Data) = (row["body"], row["hash"])
        guard SHA256.digest(end.bytes + body) == Array(hash) else {
            return fault("it, or its place, was changed: its hash does not fit")
        }
        guard let record = try? JSONDecoder().decode(AuditRecord.self, from: body) else {
            return fault("it cannot be read")
        }
        guard record.number == number else { return fault("it calls itself record \(record.number)") }
        guard record.rotation == row["rotation"] else { return fault("it was moved to another rotation") }
        return .success((record, AuditHead(number: number, bytes: hash)))
    }

    /// What should be in the chain and is not.
    private func missing(_ heads: [AuditHead], at end: AuditHead) throws -> AuditFault? {
        for head in heads.sorted(by: { $0.number < $1.number }) {
            guard head.number <= end.number else {
                return AuditFault(
                    record: end.number + 1,
                    reason: "it is missing, and so is all up to record \(head.number), which was once written"
                )
            }
            guard try stored(head.number) == head else {
                return AuditFault(record: head.number, reason: "it has another hash than was noted of it")
            }
        }
        return nil
    }

    private func surplus(_ end: AuditHead) throws -> AuditFault? {
        let head = try head()
        guard end.number > head.number else { return nil }
        return AuditFault(record: head.number + 1, reason: "it stands behind the chain's head")
    }

    /// Rotation records that are not what the chain says was stored.
    private func changed(_ digests: [String: (number: Int, digest: String)]) throws -> AuditFault? {
        var digests = digests
        let rows = try Row.fetchCursor(
            database, sql: "SELECT id, record FROM rotation ORDER BY startedAt, id")
        while let row = try rows.next() {
            let (id, record): (String, Data) = (row["id"], row["record"])
            guard let (number, digest) = digests.removeValue(forKey: id) else {
                return AuditFault(
                    record: nil,
                    reason: "rotation \(id) stands in the journal, and the chain knows nothing of it")
            }
            guard Hexadecimal.text(SHA256.digest(record)) == digest else {
                return AuditFault(
                    record: number, reason: "the record of rotation \(id) was changed since this was written")
            }
        }
        guard let (id, lost) = digests.min(by: { $0.value.number < $1.value.number }) else { return nil }
        return AuditFault(record: lost.number, reason: "the record of its rotation \(id) is missing")
    }
}
