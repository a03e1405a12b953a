import SecretMemory

/// A secret and a fingerprint for tests that need any.
enum FingerprintKeyProbe {
    static func secret() -> Secret {
        var buffer = SecretBuffer()
        buffer.append("a made-up secret")
        return buffer.finish()
    }

    static let fingerprint = Fingerprint(String(repeating: "0", count: 32))
}
