internal import FoundationEssentials
internal import Glibc
internal import SinkCore
internal import Synchronization

/// The lock that keeps two rotations of one identity apart, on one machine (R6).
///
/// It is a `flock` on a file of the state folder, so that the kernel lets go of it when its holder dies,
/// however it dies. The file's content only says who holds it, for the message to the one who came second.
///
/// Somebody may delete that file, and the next one to come would lock a file of its own. So the lock is two:
/// the other is a lock of one byte, far behind the end, of the journal's own file, without which nothing can be
/// rotated.
public final class IdentityLock: Sendable {
    private let descriptor: CInt
    private let guarded: Guarded

    /// Takes the lock of the identity `appId`, or fails at once.
    ///
    /// - Throws: ``JournalError/Code/locked`` where another rotator holds it, with who and since when.
    public init(_ appId: String, in folder: StateFolder) throws(JournalError) {
        let isPlain = appId.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        guard isPlain, (1...64).contains(appId.utf8.count) else {
            throw JournalError(.inaccessible, "\(AuditRecord.line(appId)) is no application id")
        }
        let appId = appId.lowercased()
        let file = "\(folder.locks)/\(appId)"
        let descriptor = try Self.lock(file, appId, folder)
        do throws(JournalError) {
            guarded = try Guarded(appId, in: folder)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        Self.write("\(Caller.current), since \(Timestamp.text(Date()))", descriptor)
    }

    deinit {
        guarded.release()
        ftruncate(descriptor, 0)
        // Unlocked first: a process that is being started just now has a copy of the descriptor until it execs.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Takes the locks of all identities that ever had one, so that nobody rotates; they end with the descriptors.
    ///
    /// - Throws: ``JournalError/Code/locked`` where a rotator holds one.
    static func takeAll(of folder: StateFolder, into locks: inout [CInt]) throws(JournalError) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.locks)) ?? []
        for name in names.sorted() {
            locks.append(try lock("\(folder.locks)/\(name)", name, folder))
        }
    }

    /// A file that was deleted between the opening and the locking is nobody's lock any more.
    private static func lock(
        _ file: String, _ appId: String, _ folder: StateFolder
    ) throws(JournalError) -> CInt {
        for _ in 0..<100 {
            let descriptor = try folder.open(file)
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let code = errno
                let holder = read(descriptor)
                close(descriptor)
                guard code == EWOULDBLOCK else { throw StateFolder.inaccessible(file, code) }
                throw held(appId, by: holder)
            }
            if isSame(descriptor, file) { return descriptor }
            close(descriptor)
        }
        throw JournalError(.inaccessible, "\(file) is deleted again and again", hint: "see what deletes it")
    }

    fileprivate static func held(_ appId: String, by holder: String) -> JournalError {
        JournalError(
            .locked, "another rotator holds identity \(appId): \(holder)", hint: "try again when it is done")
    }

    /// Whether an open file is the one that `path` means.
    fileprivate static func isSame(_ descriptor: CInt, _ path: String) -> Bool {
        var (open, named) = (stat(), stat())
        return fstat(descriptor, &open) == 0 && lstat(path, &named) == 0 && open.st_dev == named.st_dev
            && open.st_ino == named.st_ino
    }

    private static func read(_ descriptor: CInt) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return "it has just begun" }
        return AuditRecord.line(String(decoding: buffer.prefix(count), as: UTF8.self))
    }

    private static func write(_ text: String, _ descriptor: CInt) {
        ftruncate(descriptor, 0)
        _ = Array(text.utf8).withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }
}

/// One locked byte of the journal's file.
private struct Guarded: Sendable {
    /// `F_OFD_SETLK` (fcntl(2)): the lock belongs to the opening of the file, not to the process, so that what
    /// SQLite locks and closes in this process has nothing to do with it.
    private static let setLock: CInt = 37
    /// SQLite's own locks lie around 2^30; these lie from 2^41 on.
    private static let firstByte: off_t = 1 << 41

    private let descriptor: CInt
    private let byte: off_t

    init(_ appId: String, in folder: StateFolder) throws(JournalError) {
        descriptor = try Self.open(folder)
        let digest = SHA256.digest(appId.utf8).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        byte = Self.firstByte | off_t(digest >> 2)
        guard set(F_WRLCK) == 0 else {
            let code = errno
            guard code == EAGAIN || code == EACCES else {
                throw StateFolder.inaccessible(folder.journal, code)
            }
            throw IdentityLock.held(
                appId, by: "its lock file was deleted meanwhile, so nobody can say who it is")
        }
    }

    func release() {
        _ = set(F_UNLCK)
    }

    private func set(_ kind: CInt) -> CInt {
        var range = Glibc.flock()
        range.l_type = Int16(kind)
        range.l_whence = Int16(SEEK_SET)
        range.l_start = byte
        range.l_len = 1
        return withUnsafeMutablePointer(to: &range) { fcntl(descriptor, Self.setLock, $0) }
    }

    /// One descriptor a journal, never closed: closing it would drop SQLite's locks of this process.
    private static func open(_ folder: StateFolder) throws(JournalError) -> CInt {
        try descriptors.withLock { (descriptors) throws(JournalError) in
            if let known = descriptors[folder.path], IdentityLock.isSame(known, folder.journal) {
                return known
            }
            let opened = try folder.open(folder.journal)
            descriptors[folder.path] = opened
            return opened
        }
    }

    private static let descriptors = Mutex<[String: CInt]>([:])
}
