internal import Glibc
public import SecretMemory

/// Why no more lines come from a descriptor.
public enum LineError: Error, Sendable, Equatable {
    /// The other side wrote more than the limit without ending its line.
    case tooLong(limit: Int)
    /// The operating system says no.
    case system(errno: Int32)
}

/// Cuts what comes out of a descriptor into lines, in secret memory.
///
/// It holds one unfinished line and no more, so that its memory is bounded whatever the other side writes.
/// What follows the last `\n` when the other side closes is no line and is dropped: half a message must not
/// be taken for a whole one.
public struct LineReader: ~Copyable, Sendable {
    /// What one call of ``read(_:)`` found.
    public enum Progress: Sendable {
        /// Some bytes; there may be more.
        case bytes
        /// Nothing for now: the descriptor does not block.
        case wouldBlock
        /// The other side has closed.
        case end
    }

    private let descriptor: Int32
    private let limit: Int
    private var line = SecretBuffer()

    private static let chunkSize = 16 << 10

    /// Reads lines of at most `limit` bytes from `descriptor`, which stays its owner's to close.
    public init(_ descriptor: Int32, limit: Int = Wire.maximumMessageBytes) {
        self.descriptor = descriptor
        self.limit = limit
    }

    /// Reads once and hands each line that is complete now, without its `\n`, to `body`.
    ///
    /// - Throws: ``LineError``; after it no more is to be read.
    public mutating func read(_ body: (inout SecretBuffer) -> Void) throws(LineError) -> Progress {
        let (descriptor, size) = (descriptor, Self.chunkSize)
        var (count, code): (Int, Int32) = (0, 0)
        let chunk = Secret(capacity: size) { output in
            output.withUnsafeMutableBytes { buffer, initializedCount in
                repeat {
                    count = Glibc.read(descriptor, buffer.baseAddress, size)
                    code = errno
                } while count < 0 && code == EINTR
                initializedCount = max(count, 0)
            }
        }
        guard count >= 0 else {
            if code == EAGAIN { return .wouldBlock }
            throw .system(errno: code)
        }
        guard count > 0 else { return .end }
        try split(chunk, body)
        return .bytes
    }

    private mutating func split(
        _ chunk: borrowing Secret, _ body: (inout SecretBuffer) -> Void
    ) throws(LineError) {
        try chunk.withUnsafeBytes { bytes throws(LineError) in
            var rest = bytes[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                try append(rest[..<end])
                body(&line)
                line = SecretBuffer()
                rest = rest[(end + 1)...]
            }
            try append(rest)
        }
    }

    private mutating func append(_ bytes: Slice<UnsafeRawBufferPointer>) throws(LineError) {
        guard line.count + bytes.count <= limit else { throw .tooLong(limit: limit) }
        line.append(UnsafeRawBufferPointer(rebasing: bytes))
    }
}
