internal import COpenSSL

/// A growing buffer on the secure heap.
///
/// It is what a secret arrives in (an HTTP body) or is built into (a form, a JSON document). Every block
/// that it outgrows is zeroed.
public struct SecretBuffer: ~Copyable, @unchecked Sendable {
    // Sendable: the block is owned by this value alone.
    private var block: UnsafeMutableRawPointer
    private var capacity: Int

    /// How many bytes have been appended.
    public private(set) var count = 0

    /// An empty buffer with room for `capacity` bytes before it has to grow.
    public init(capacity: Int = 256) {
        self.capacity = max(capacity, 32)
        block = SecureHeap.allocate(self.capacity)
    }

    deinit {
        SecureHeap.free(block, capacity)
    }

    /// The bytes so far, for as long as the buffer is borrowed.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            let span = RawSpan(_unsafeStart: UnsafeRawPointer(block), byteCount: count)
            return _overrideLifetime(span, borrowing: self)
        }
    }

    /// Appends one byte.
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        block.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Appends bytes from outside; zeroing the original is up to its owner.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        reserve(bytes.count)
        (block + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    /// Appends the bytes of `span`.
    public mutating func append(_ span: RawSpan) {
        span.withUnsafeBytes { append($0) }
    }

    /// Appends the UTF-8 of a text that is no secret: a field's name, punctuation.
    public mutating func append(_ text: some StringProtocol) {
        for byte in text.utf8 { append(byte) }
    }

    /// Overwrites the bytes in `range` with `byte`.
    ///
    /// - Precondition: `range` lies within what has been appended.
    public mutating func overwrite(_ range: Range<Int>, with byte: UInt8) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "outside of the buffer")
        (block + range.lowerBound).initializeMemory(as: UInt8.self, repeating: byte, count: range.count)
    }

    /// Calls `body` with the bytes, for C functions.
    ///
    /// The pointer is valid only during the call.
    public borrowing func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: block, count: count))
    }

    /// Ends the building: the buffer's own memory becomes a ``Secret``, without a copy.
    public consuming func finish() -> Secret {
        let secret = Secret(takingOver: block, capacity: capacity, count: count)
        discard self
        return secret
    }

    private mutating func reserve(_ additional: Int) {
        guard count + additional > capacity else { return }
        let larger = max(capacity * 2, count + additional)
        let newBlock = SecureHeap.allocate(larger)
        newBlock.copyMemory(from: block, byteCount: count)
        SecureHeap.free(block, capacity)
        block = newBlock
        capacity = larger
    }
}
