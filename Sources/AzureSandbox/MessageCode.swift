internal import COpenSSL

/// HMAC-SHA-256 (RFC 2104) with a key of its own, made at random: what signs tokens and operations' URLs.
struct MessageCode: Sendable {
    private let key = Random.bytes(32)

    /// The code of a text, as base64url.
    func code(_ text: String) -> String {
        let message = Array(text.utf8)
        var code = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        _ = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, &length)
        return Base64URL.encode(code.prefix(Int(length)))
    }
}
