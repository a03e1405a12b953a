internal import FoundationEssentials
internal import GRDB
internal import Glibc
public import Rotation
public import SecretMemory
internal import SinkCore

/// A new journal that is to take the place of one that is damaged or lost.
///
/// It is written beside the old one. ``finish()`` then puts it in place, in steps that the next opening of the journal
/// goes on with if the process dies in between; until then nothing of the old one is touched. Nobody opens the journal
/// or rotates meanwhile.
public final class JournalRebuild: Sendable {
    private let folder: StateFolder
    private let staging: StateFolder
    private let journal: Journal
    /// Descriptors whose locks end with this object.
    private let locks: [CInt]

    /// Begins a new journal.
    ///
    /// - Throws: ``JournalError/Code/locked`` where a rotator is at work.
    public init(in folder: StateFolder) throws(JournalError) {
        self.folder = folder
        var locks: [CInt] = []
        do throws(JournalError) {
            let opening = try folder.open(folder.path + "/journal.lock")
            locks.append(opening)
            try StateFolder.wait(for: opening, folder.path + "/journal.lock")
            try IdentityLock.takeAll(of: folder, into: &locks)
            try JournalSwap.finish(in: folder)
            staging = try JournalSwap.makeStaging(in: folder)
            journal = try Journal(in: staging)
        } catch {
            for lock in locks { close(lock) }
            throw error
        }
        self.locks = locks
    }

    deinit {
        for lock in locks { close(lock) }
    }

    /// The key of the new journal's fingerprints.
    public var fingerprintKey: FingerprintKey { journal.fingerprintKey }

    /// Stores a record in the new journal.
    public func save(_ record: RotationRecord, entries: [HistoryEntry]) throws {
        try journal.save(record, entries: entries)
    }

    /// Notes in the new journal's audit chain what belongs to no rotation.
    public func note(_ entries: [HistoryEntry], of appId: String) throws(JournalError) {
        try journal.note(entries, of: appId)
    }

    /// Puts the new journal in the place of the old one.
    ///
    /// - Returns: the folder that the old one's files were moved to; `nil` where there were none.
    public func finish() throws(JournalError) -> String? {
        try prepare()
        return try JournalSwap.finish(in: folder)
    }

    /// Declares the new journal whole: from here on the way is forward only.
    func prepare() throws(JournalError) {
        do {
            // The last one to close it moves everything from the log into the file.
            try journal.database.close()
        } catch {
            throw JournalError(error, in: staging.journal)
        }
        try JournalSwap.prepare(staging, in: folder)
    }
}
