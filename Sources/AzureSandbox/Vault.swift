internal import FoundationEssentials

/// A key vault's secrets, with their versions and their soft deletion.
struct Vault: Sendable {
    /// A version of a secret.
    struct Version: Sendable, Equatable {
        let id: String
        let value: String
        var contentType: String?
        var tags: [String: String]
        var enabled = true
        var notBefore: Int?
        var expires: Int?
        let created: Date
        var updated: Date
    }

    /// A secret under its name.
    struct Entry: Sendable, Equatable {
        let name: String
        /// Oldest first; never empty.
        var versions: [Version]
        /// When it was deleted; `nil` while it is not.
        var deleted: Date?
    }

    /// Why something cannot be done.
    enum Refusal: Error, Equatable {
        case notFound
        case deletedButRecoverable
        case beingDeleted
        case notDeleted
    }

    /// How long a deleted secret can be recovered.
    static let recoverableDays = 7
    /// How long deleting takes.
    var deletionTime: Double = 0
    private(set) var entries: [String: Entry] = [:]

    /// The secrets that are not deleted, or those that are, by name.
    func list(deleted: Bool) -> [Entry] {
        entries.values.filter { ($0.deleted != nil) == deleted }.sorted { $0.name < $1.name }
    }

    /// A secret that is not deleted.
    func entry(_ name: String) throws(Refusal) -> Entry {
        guard let entry = entries[name.lowercased()], entry.deleted == nil else { throw .notFound }
        return entry
    }

    /// A deleted secret.
    func deletedEntry(_ name: String) throws(Refusal) -> Entry {
        guard let entry = entries[name.lowercased()], entry.deleted != nil else { throw .notFound }
        return entry
    }

    /// Stores a new version, which becomes the current one.
    mutating func set(_ name: String, to version: Version, at now: Date) throws(Refusal) {
        let key = name.lowercased()
        guard var entry = entries[key] else {
            entries[key] = Entry(name: name, versions: [version])
            return
        }
        try checkNotDeleted(entry, at: now)
        entry.versions.append(version)
        entries[key] = entry
    }

    /// Changes a version, the newest where none is named.
    ///
    /// - Returns: the version as it is now.
    mutating func update(_ name: String, version: String?, _ change: (inout Version) -> Void)
        throws(Refusal) -> Version
    {
        var entry = try entry(name)
        let wanted = version ?? entry.versions.last?.id
        guard let index = entry.versions.firstIndex(where: { $0.id == wanted }) else { throw .notFound }
        change(&entry.versions[index])
        entries[name.lowercased()] = entry
        return entry.versions[index]
    }

    /// Deletes a secret; it can be recovered for a while.
    mutating func delete(_ name: String, at now: Date) throws(Refusal) -> Entry {
        guard var entry = entries[name.lowercased()] else { throw .notFound }
        try checkNotDeleted(entry, at: now)
        entry.deleted = now
        entries[name.lowercased()] = entry
        return entry
    }

    /// Brings a deleted secret back.
    mutating func recover(_ name: String, at now: Date) throws(Refusal) -> Entry {
        guard var entry = entries[name.lowercased()] else { throw .notFound }
        guard let deleted = entry.deleted else { throw .notDeleted }
        guard deleted.addingTimeInterval(deletionTime) <= now else { throw .beingDeleted }
        entry.deleted = nil
        entries[name.lowercased()] = entry
        return entry
    }

    /// Forgets a deleted secret for good.
    mutating func purge(_ name: String, at now: Date) throws(Refusal) {
        guard let entry = entries[name.lowercased()] else { throw .notFound }
        guard let deleted = entry.deleted else { throw .notDeleted }
        guard deleted.addingTimeInterval(deletionTime) <= now else { throw .beingDeleted }
        entries[name.lowercased()] = nil
    }

    private func checkNotDeleted(_ entry: Entry, at now: Date) throws(Refusal) {
        guard let deleted = entry.deleted else { return }
        throw deleted.addingTimeInterval(deletionTime) <= now ? .deletedButRecoverable : .beingDeleted
    }
}
