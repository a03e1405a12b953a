internal import COpenSSL

/// Bytes that nobody else may see: a credential's secret, an access token, a request body that holds one.
///
/// A `Secret` cannot be copied by accident: it is noncopyable, it is not `CustomStringConvertible`, and
/// nothing here returns a `String`. It lives on the secure heap, and its bytes are zeroed when its lifetime
/// ends. To hold one secret in several tasks, use ``SharedSecret``.
public struct Secret: ~Copyable, @unchecked Sendable {
    // Sendable: the memory is owned by this value alone and never written after `init`.
    private let block: UnsafeMutableRawPointer
    private let capacity: Int

    /// How many bytes there are.
    public let count: Int

    /// A secret of at most `capacity` bytes, written by `fill` directly into the secure heap.
    ///
    /// - Throws: what `fill` throws; what it had written is zeroed.
    public init<Failure: Error>(
        capacity: Int, _ fill: (inout OutputRawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(capacity >= 0, "a secret cannot have \(capacity) bytes")
        let block = SecureHeap.allocate(capacity)
        var output = OutputRawSpan(
            buffer: UnsafeMutableRawBufferPointer(start: block, count: capacity), initializedCount: 0)
        do {
            try fill(&output)
        } catch {
            SecureHeap.free(block, capacity)
            throw error
        }
        self.count = output.byteCount
        self.capacity = capacity
        self.block = block
    }

    /// A secret that holds a copy of `bytes`; zeroing the original is up to its owner.
    public init(copying bytes: RawSpan) {
        self.init(capacity: bytes.byteCount) { output in
            for offset in bytes.byteOffsets {
                output.append(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
            }
        }
    }

    /// Takes over a block of the secure heap, of which the first `count` bytes are the secret.
    init(takingOver block: UnsafeMutableRawPointer, capacity: Int, count: Int) {
        self.block = block
        self.capacity = capacity
        self.count = count
    }

    deinit {
        SecureHeap.free(block, capacity)
    }

    /// The bytes, for as long as the secret is borrowed.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            let span = RawSpan(_unsafeStart: UnsafeRawPointer(block), byteCount: count)
            return _overrideLifetime(span, borrowing: self)
        }
    }

    /// Calls `body` with the bytes, for C functions.
    ///
    /// The pointer is valid only during the call.
    public borrowing func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: block, count: count))
    }

    /// Another secret with the same bytes.
    public borrowing func clone() -> Secret {
        Secret(copying: bytes)
    }

    /// Whether both hold the same bytes.
    ///
    /// The time it takes depends on the lengths alone.
    public borrowing func isEqual(to other: borrowing Secret) -> Bool {
        guard count == other.count else { return false }
        return CRYPTO_memcmp(block, other.block, count) == 0
    }

    /// What may be said of a secret in a log or an error: `Secret(36 bytes)`.
    public var redactedDescription: String {
        "Secret(\(count) bytes)"
    }
}

/// One ``Secret`` that several tasks hold; zeroed when the last of them lets go.
public final class SharedSecret: Sendable {
    /// The secret; borrow it, or `clone()` it where one of its own is needed.
    public let secret: Secret

    /// Takes over `secret`.
    public init(_ secret: consuming Secret) {
        self.secret = secret
    }
}
