internal import Glibc

/// Where the audit chain ended last, in a file of its own.
///
/// A database whose write-ahead log was cut short, or that was replaced by an older copy, is in itself as good as
/// any: SQLite takes what is whole and knows nothing of the rest. So every head that `save` has returned for is
/// written here, too, and synced; a journal that does not contain it has lost records, and says so.
///
/// The file has two slots in sectors of their own, used in turn: a write that is torn by a power cut leaves the
/// other one.
final class HeadMark: Sendable {
    private static let slots = 2
    private static let slotSize = 512

    private let descriptor: CInt
    private let path: String

    /// Opens the mark of `folder`, making an empty one where it is missing.
    init(in folder: StateFolder) throws(JournalError) {
        path = folder.mark
        descriptor = try folder.open(path)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw StateFolder.inaccessible(path, errno) }
        if status.st_size < Self.slots * Self.slotSize {
            // Takes its space now, so that a full disk stops the next save and not the note of it.
            try write(
                [UInt8](repeating: 0, count: Self.slots * Self.slotSize - Int(status.st_size)),
                at: Int(status.st_size))
        }
    }

    deinit {
        close(descriptor)
    }

    /// The head that was noted last; ``AuditHead/none`` where none was.
    ///
    /// - Throws: ``JournalError/Code/corrupt`` where something was noted that cannot be read.
    func head() throws(JournalError) -> AuditHead {
        try withLock { () throws(JournalError) in try newest()?.head ?? .none }
    }

    /// Notes `head`, unless a later one is noted already; it is on the disk when the call returns.
    func note(_ head: AuditHead) throws(JournalError) {
        try withLock { () throws(JournalError) in
            let newest = try newest()
            if let newest, newest.head.number >= head.number { return }
            var line = Array(Self.line(head).utf8)
            line += [UInt8](repeating: 0, count: Self.slotSize - line.count)
            try write(line, at: newest?.slot == 0 ? Self.slotSize : 0)
        }
    }

    /// Other processes note heads, too.
    private func withLock<Value>(_ body: () throws(JournalError) -> Value) throws(JournalError) -> Value {
        try StateFolder.wait(for: descriptor, path)
        defer { flock(descriptor, LOCK_UN) }
        return try body()
    }

    private func newest() throws(JournalError) -> (slot: Int, head: AuditHead)? {
        var bytes = [UInt8](repeating: 0, count: Self.slots * Self.slotSize)
        guard pread(descriptor, &bytes, bytes.count, 0) >= 0 else {
            throw StateFolder.inaccessible(path, errno)
        }
        let heads = (0..<Self.slots).map { slot in
            Self.head(bytes[slot * Self.slotSize..<(slot + 1) * Self.slotSize])
        }
        let newest = heads.enumerated().compactMap { slot, head in head.map { (slot: slot, head: $0) } }
            .max { $0.head.number < $1.head.number }
        guard newest != nil || bytes.allSatisfy({ $0 == 0 }) else {
            throw JournalError.corrupt(
                "\(path) is damaged, so nobody can say whether the journal beside it is complete",
                hint: "where `credferry audit verify` finds nothing else, remove the file")
        }
        return newest
    }

    /// `43:9f86d081… 0123456789abcdef`, the latter a check of the former.
    private static func line(_ head: AuditHead) -> String {
        "\(head) \(Hexadecimal.text(SHA256.digest("\(head)".utf8).prefix(8)))\n"
    }

    private static func head(_ slot: ArraySlice<UInt8>) -> AuditHead? {
        let text = String(decoding: slot.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard let blank = text.firstIndex(of: " "), let head = AuditHead(String(text[..<blank])),
            line(head) == text + "\n"
        else { return nil }
        return head
    }

    private func write(_ bytes: [UInt8], at offset: Int) throws(JournalError) {
        let count = pwrite(descriptor, bytes, bytes.count, off_t(offset))
        guard count >= 0 else { throw StateFolder.inaccessible(path, errno) }
        guard count == bytes.count else { throw StateFolder.inaccessible(path, ENOSPC) }
        guard fdatasync(descriptor) == 0 else { throw StateFolder.inaccessible(path, errno) }
    }
}
