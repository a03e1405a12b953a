internal import COpenSSL

/// SHA-256 (FIPS 180-4), of OpenSSL.
enum SHA256 {
    /// How long a digest is, in bytes.
    static let byteCount = 32

    static func digest(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        var digest = [UInt8](repeating: 0, count: byteCount)
        let done = EVP_Digest(input, input.count, &digest, nil, EVP_sha256(), nil)
        precondition(done == 1, "OpenSSL offers no SHA-256")
        return digest
    }
}

/// Bytes as hexadecimal digits, lower case.
enum Hexadecimal {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
