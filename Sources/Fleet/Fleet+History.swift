public import Journal
internal import Rotation
public import Settings
internal import FoundationEssentials
internal import SinkCore

extension Fleet {
    /// What was done to the targets, as the journal has it; asks nobody.
    ///
    /// Rotations of a target that is no longer configured are found, too.
    ///
    /// - Parameter targets: whose history; everything where empty.
    /// - Throws: ``FleetError`` where a target is neither configured nor in the journal, `JournalError`.
    public func history(_ targets: [Target]) throws -> HistoryReport {
        guard hasJournal else {
            if !targets.isEmpty { _ = try Selection(targets, of: configuration) }
            return HistoryReport(rotations: [], entries: [])
        }
        let journal = try journal()
        let records = try journal.records().filter { $0.concerns(targets) }
        if !targets.isEmpty, records.isEmpty { _ = try Selection(targets, of: configuration) }
        let chain = try journal.history()
        let entries = Dictionary(grouping: chain.filter { $0.rotation != nil }) { $0.rotation ?? "" }
        let names = Set(targets.map(\.name))
        let others = chain.filter { entry in
            entry.rotation == nil
                && (names.isEmpty || entry.cluster.map(names.contains) == true)
        }
        return HistoryReport(
            rotations: records.map { HistoryReport.Line($0, entries[$0.id] ?? []) }, entries: others)
    }

    /// Checks the audit chain, and the records that it covers; asks nobody, and changes nothing.
    ///
    /// - Parameter heads: heads that were noted before, which the chain must still contain.
    /// - Throws: `JournalError` where the journal cannot be read.
    public func verifyAudit(containing heads: [AuditHead] = []) throws -> AuditVerdict {
        guard FileManager.default.fileExists(atPath: configuration.state) || !heads.isEmpty else {
            return AuditVerdict.nothing
        }
        return try Journal.verifyAudit(in: try StateFolder(at: configuration.state), containing: heads)
    }
}
