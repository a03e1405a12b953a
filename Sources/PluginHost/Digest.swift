internal import COpenSSL
internal import Glibc

/// A SHA-256: what a plugin's file is known by.
public struct Digest: Sendable, Hashable {
    /// 64 hexadecimal digits, in lower case.
    public let text: String

    /// Takes 64 hexadecimal digits; `nil` for anything else.
    public init?(_ text: String) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let letters = UInt8(ascii: "a")...UInt8(ascii: "f")
        guard text.utf8.count == 64, text.utf8.allSatisfy({ digits.contains($0) || letters.contains($0) })
        else { return nil }
        self.text = text
    }

    /// The digest of `bytes`.
    init(of bytes: [UInt8]) throws(PluginError) {
        let hash = try Hash.start()
        try hash.add(bytes[...])
        self = try hash.finish()
    }

    /// The digest of all that `descriptor` reads from its beginning; its offset stays.
    init(ofFile descriptor: Int32, path: String) throws(PluginError) {
        let hash = try Hash.start()
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var offset = 0
        while true {
            let got = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, offset) }
            if got == 0 { break }
            guard got > 0 || errno == EINTR else {
                throw PluginError(.cannotStart, "\(path): \(FilePath.lastError)")
            }
            guard got > 0 else { continue }
            try hash.add(buffer[..<got])
            offset += got
        }
        self = try hash.finish()
    }

    /// OpenSSL's SHA-256, under way.
    private struct Hash: ~Copyable {
        private let context = EVP_MD_CTX_new()

        static func start() throws(PluginError) -> Hash {
            let hash = Hash()
            guard hash.context != nil, EVP_DigestInit_ex(hash.context, EVP_sha256(), nil) == 1 else {
                throw failure
            }
            return hash
        }

        deinit { EVP_MD_CTX_free(context) }

        borrowing func add(_ bytes: ArraySlice<UInt8>) throws(PluginError) {
            let isAdded = bytes.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) } == 1
            guard isAdded else { throw Self.failure }
        }

        borrowing func finish() throws(PluginError) -> Digest {
            var bytes = [UInt8](repeating: 0, count: 32)
            guard EVP_DigestFinal_ex(context, &bytes, nil) == 1 else { throw Self.failure }
            let text = bytes.map { byte in
                let digits = String(byte, radix: 16)
                return byte < 16 ? "0" + digits : digits
            }.joined()
            guard let digest = Digest(text) else { throw Self.failure }
            return digest
        }

        private static var failure: PluginError {
            PluginError(.cannotStart, "no SHA-256 can be made of a plugin's file")
        }
    }
}

extension Digest: CustomStringConvertible {
    /// Its digits.
    public var description: String { text }
}
