internal import Glibc

/// Where a secret comes from that was there before: a file, or a variable of the environment.
public enum SecretSource {
    /// Why a file gives no secret.
    public struct Problem: Error, Sendable, Equatable {
        /// What is wrong with it.
        public let message: String
        /// What the operator can do about it.
        public let hint: String?
    }

    /// Far more than any secret that Entra makes, or any assertion.
    private static let maximumSize = 64 << 10

    /// The content of a file, without the line break that an editor or `echo` leaves at its end.
    ///
    /// - Parameter isText: `false` keeps every byte, as a binary format needs.
    public static func file(_ path: String, isText: Bool = true) throws(Problem) -> SharedSecret {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw Problem(message: String(cString: strerror(errno)), hint: nil) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw Problem(message: String(cString: strerror(errno)), hint: nil)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Problem(message: "it is no file", hint: "name the file that holds the secret")
        }
        var buffer = SecretBuffer(capacity: 256)
        while let count = try buffer.read(descriptor), count > 0 {
            guard buffer.count <= maximumSize else {
                throw Problem(message: "it is larger than any secret", hint: "is it the right file?")
            }
        }
        let secret =
            isText ? buffer.finish().withoutTrailingNewline() : SharedSecret(buffer.finish())
        guard secret.secret.count > 0 else { throw Problem(message: "it is empty", hint: nil) }
        return secret
    }

    /// The value of a variable, copied from where the kernel put it; `nil` where it is not set.
    public static func environment(_ name: String) -> SharedSecret? {
        guard !name.isEmpty, let value = getenv(name) else { return nil }
        var buffer = SecretBuffer(capacity: 64)
        buffer.append(UnsafeRawBufferPointer(start: value, count: strlen(value)))
        return SharedSecret(buffer.finish())
    }
}

extension SecretBuffer {
    /// Appends what one read(2) gives.
    fileprivate mutating func read(_ descriptor: CInt) throws(SecretSource.Problem) -> Int? {
        let size = 4_096
        let block = SecureHeap.allocate(size)
        defer { SecureHeap.free(block, size) }
        while true {
            let count = Glibc.read(descriptor, block, size)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw SecretSource.Problem(message: String(cString: strerror(errno)), hint: nil)
            }
            append(UnsafeRawBufferPointer(start: block, count: count))
            return count
        }
    }
}

extension Secret {
    fileprivate consuming func withoutTrailingNewline() -> SharedSecret {
        let length = withUnsafeBytes { bytes in
            var length = bytes.count
            if length > 0, bytes[length - 1] == UInt8(ascii: "\n") { length -= 1 }
            if length > 0, bytes[length - 1] == UInt8(ascii: "\r") { length -= 1 }
            return length
        }
        guard length < count else { return SharedSecret(self) }
        return SharedSecret(Secret(copying: bytes.extracting(0..<length)))
    }
}
