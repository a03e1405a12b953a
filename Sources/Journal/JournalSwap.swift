internal import FoundationEssentials
internal import Glibc
internal import SinkCore

/// How a rebuilt journal takes the place of the old one: all of it or nothing, whatever happens in between.
///
///     STATE/rebuild.new/    the new journal while it is written; left behind, it means nothing
///     STATE/rebuild/        the new journal when it is whole: from here on the way is forward only
///     STATE/damaged-TIME/   the old one's files
///
/// All is done by one who holds the lock of the opening.
enum JournalSwap {
    private static let files = ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"]
    private static let head = "journal.head"

    static func path(in folder: StateFolder) -> String { folder.path + "/rebuild" }

    /// An empty folder for the new journal.
    static func makeStaging(in folder: StateFolder) throws(JournalError) -> StateFolder {
        let path = folder.path + "/rebuild.new"
        try remove(path)
        return try StateFolder(at: path)
    }

    /// Declares the new journal whole.
    static func prepare(_ staging: StateFolder, in folder: StateFolder) throws(JournalError) {
        try remove(staging.locks)
        try remove(staging.path + "/journal.lock")
        try StateFolder.sync(staging.path)
        try move(staging.path, path(in: folder))
        try StateFolder.sync(folder.path)
    }

    /// Goes on from wherever it stopped; does nothing where no rebuilt journal waits.
    ///
    /// - Returns: the folder of the old one's files, where there were any.
    @discardableResult
    static func finish(in folder: StateFolder) throws(JournalError) -> String? {
        let new = path(in: folder)
        guard exists(new) else { return nil }
        let old = new + "/damaged"
        guard mkdir(old, 0o700) == 0 || errno == EEXIST else { throw StateFolder.inaccessible(old, errno) }
        if exists("\(new)/\(files[0])") {
            for file in files { try moveIfThere("\(folder.path)/\(file)", "\(old)/\(file)") }
            // A name of its own for the old mark, which stays where it is until the new one replaces it: a
            // journal is never without the mark that tells what it has lost.
            guard link(folder.mark, "\(old)/\(head)") == 0 || errno == EEXIST || errno == ENOENT else {
                throw StateFolder.inaccessible(folder.mark, errno)
            }
            try StateFolder.sync(old)
            try move("\(new)/\(files[0])", folder.journal)
            try StateFolder.sync(folder.path)
        }
        try moveIfThere("\(new)/\(head)", folder.mark)
        try StateFolder.sync(folder.path)
        let kept = try keep(old, in: folder)
        try remove(new)
        try StateFolder.sync(folder.path)
        return kept
    }

    /// Gives the old files' folder a name of its own, or removes it where nothing is in it.
    private static func keep(_ old: String, in folder: StateFolder) throws(JournalError) -> String? {
        guard exists(old) else { return nil }
        if rmdir(old) == 0 { return nil }
        let moment = Timestamp.text(Date()).filter { $0 != ":" && $0 != "-" }
        for number in 0..<100 {
            let path = folder.path + "/damaged-\(moment)" + (number == 0 ? "" : "-\(number)")
            if exists(path) { continue }
            try move(old, path)
            return path
        }
        throw StateFolder.inaccessible(folder.path + "/damaged-\(moment)", EEXIST)
    }

    // MARK: Files

    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    private static func move(_ from: String, _ to: String) throws(JournalError) {
        guard rename(from, to) == 0 else { throw StateFolder.inaccessible(to, errno) }
    }

    private static func moveIfThere(_ from: String, _ to: String) throws(JournalError) {
        guard rename(from, to) == 0 || errno == ENOENT else { throw StateFolder.inaccessible(to, errno) }
    }

    /// Removes a file or folder of ours; none to remove is no error.
    private static func remove(_ path: String) throws(JournalError) {
        guard exists(path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw JournalError(.inaccessible, "\(path) cannot be removed: \(error)")
        }
    }
}
