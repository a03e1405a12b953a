internal import COpenSSL
internal import FoundationEssentials

/// The public half of a key that assertions are signed with.
final class SigningKey: @unchecked Sendable {
    // Sendable: OpenSSL's keys count their owners atomically, and verifying with one changes nothing in it.
    private let key: OpaquePointer
    /// The certificate's SHA-256 and SHA-1 as base64url; empty for a key without one.
    let sha256: String
    let sha1: String

    /// The key of a certificate in DER; `nil` where it is none, or its key is no RSA key.
    init?(certificate der: [UInt8]) {
        let parsed = der.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_X509(nil, &start, bytes.count)
        }
        guard let certificate = parsed else { return nil }
        defer { X509_free(certificate) }
        guard let key = X509_get_pubkey(certificate) else { return nil }
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA else {
            EVP_PKEY_free(key)
            return nil
        }
        self.key = key
        sha256 = Self.hash(certificate, EVP_sha256())
        sha1 = Self.hash(certificate, EVP_sha1())
    }

    /// A public key in PEM; `nil` where it is none.
    init?(publicKey pem: String) {
        let bytes = Array(pem.utf8)
        guard let bio = BIO_new_mem_buf(bytes, Int32(bytes.count)) else { return nil }
        defer { BIO_free(bio) }
        guard let key = PEM_read_bio_PUBKEY(bio, nil, nil, nil) else { return nil }
        self.key = key
        sha256 = ""
        sha1 = ""
    }

    deinit { EVP_PKEY_free(key) }

    /// Whether a signature is this key's: RSASSA-PSS or RSASSA-PKCS1-v1_5, both with SHA-256 (RFC 7518).
    func verify(_ signature: [UInt8], of message: [UInt8], isPSS: Bool) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        var options: OpaquePointer?
        guard EVP_DigestVerifyInit(context, &options, EVP_sha256(), nil, key) == 1 else { return false }
        if isPSS {
            guard EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1,
                EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1
            else { return false }
        }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    private static func hash(_ certificate: OpaquePointer, _ algorithm: OpaquePointer?) -> String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard X509_digest(certificate, algorithm, &digest, &length) == 1 else { return "" }
        return Base64URL.encode(digest.prefix(Int(length)))
    }
}

extension DirectoryObject {
    /// The certificates that the object's `keyCredentials` hold.
    var certificates: [SigningKey] {
        (extra["keyCredentials"]?.elements ?? []).compactMap { credential in
            guard credential["type"]?.text == "AsymmetricX509Cert", credential["usage"]?.text == "Verify",
                // azure-cli leaves the line breaks of PEM in, and Graph takes them.
                let der = credential["key"]?.text.flatMap({
                    Data(base64Encoded: $0, options: .ignoreUnknownCharacters)
                })
            else { return nil }
            return SigningKey(certificate: Array(der))
        }
    }
}
