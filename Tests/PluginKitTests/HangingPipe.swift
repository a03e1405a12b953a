import Glibc

/// Something that blocks a thread until it is released.
final class HangingPipe: Sendable {
    private let ends: (read: Int32, write: Int32)

    init?() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        self.ends = (ends[0], ends[1])
    }

    func wait() {
        var byte: UInt8 = 0
        _ = read(ends.read, &byte, 1)
    }

    func release() {
        close(ends.write)
    }
}
