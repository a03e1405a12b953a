internal import COpenSSL

/// What identifies a secret without giving it away.
///
/// HMAC-SHA-256 (RFC 2104) under a key that each journal makes for itself, cut to 128 bits and written in
/// hexadecimal. Two journals' fingerprints of one secret
/// have nothing in common.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    /// 32 hexadecimal digits, lower case.
    public let description: String

    /// A fingerprint that was written down before; `nil` where the text is none.
    public init?(_ description: String) {
        guard description.utf8.count == 32, description.allSatisfy({ $0.isHexDigit && !$0.isUppercase })
        else { return nil }
        self.description = description
    }

    fileprivate init(digest: some Sequence<UInt8>) {
        description = digest.prefix(16).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}

/// The key that a journal's fingerprints are made with.
public final class FingerprintKey: Sendable {
    private let key: Secret

    /// How long a key is, in bytes.
    public static let byteCount = 32

    /// Takes over a stored key.
    ///
    /// - Precondition: it has ``byteCount`` bytes.
    public init(_ key: consuming Secret) {
        precondition(key.count == Self.byteCount, "a fingerprint key has \(Self.byteCount) bytes")
        self.key = key
    }

    /// A new random key, to be stored.
    public static func makeKey() -> Secret {
        Secret(capacity: byteCount) { output in
            output.withUnsafeMutableBytes { buffer, initializedCount in
                guard RAND_bytes(buffer.baseAddress, Int32(buffer.count)) == 1 else {
                    fatalError("the operating system gives no random numbers")
                }
                initializedCount = buffer.count
            }
        }
    }

    /// The fingerprint of `secret` under this key.
    public func fingerprint(of secret: borrowing Secret) -> Fingerprint {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        let done = key.withUnsafeBytes { key in
            secret.withUnsafeBytes { bytes in
                HMAC(
                    EVP_sha256(), key.baseAddress, Int32(key.count), bytes.baseAddress, bytes.count, &digest,
                    &length)
            }
        }
        precondition(done != nil && length == 32, "OpenSSL offers no HMAC-SHA-256")
        return Fingerprint(digest: digest)
    }
}
