internal import COpenSSL
public import SecretMemory

/// An application's certificate together with its key, which signs client assertions.
///
/// The key is decoded from secret memory into OpenSSL's own, which zeroes it at the end; no copy of it is made
/// here.
public final class ClientCertificate: @unchecked Sendable {
    // Sendable: OpenSSL's keys count their owners atomically, and signing with one changes nothing in it.
    private let key: OpaquePointer
    /// SHA-256 of the certificate in DER, as base64url: `x5t#S256` (RFC 7515, section 4.1.8).
    let thumbprint: String

    /// Why a file gives no certificate.
    public struct Problem: Error, Sendable, Equatable {
        /// What is wrong with it.
        public let message: String
        /// What the operator can do about it.
        public let hint: String?
    }

    /// Reads a certificate and its RSA key, in PEM (key and certificate in any order, the key encrypted or not)
    /// or PKCS#12.
    ///
    /// - Parameter file: the file's content, every byte of it.
    /// - Throws: ``Problem``; its texts hold nothing of the file.
    public init(_ file: borrowing Secret, password: SharedSecret?) throws(Problem) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        // PEM is told apart as azure-identity does.
        let pair =
            file.contains("-----BEGIN")
            ? try PEMReader(password).read(file) : try PKCS12Reader(password).read(file)
        defer { X509_free(pair.certificate) }
        guard let thumbprint = Self.thumbprint(pair.certificate) else {
            EVP_PKEY_free(pair.key)
            throw Problem(message: "OpenSSL cannot hash the certificate", hint: nil)
        }
        self.thumbprint = thumbprint
        key = pair.key
        // Entra takes RSA signatures alone.
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA else {
            throw Problem(
                message: "its key is not an RSA key, and Entra takes no other",
                hint: "make the certificate with an RSA key of 2048 bits or more")
        }
    }

    deinit { EVP_PKEY_free(key) }

    /// Signs by RSASSA-PSS with SHA-256, a salt as long as the hash: `PS256` (RFC 7518, section 3.5).
    ///
    /// - Returns: the signature; `nil` where OpenSSL cannot do it.
    func sign(_ message: borrowing SecretBuffer) -> Secret? {
        guard let context = EVP_MD_CTX_new() else { return nil }
        defer { EVP_MD_CTX_free(context) }
        var options: OpaquePointer?
        guard EVP_DigestSignInit(context, &options, EVP_sha256(), nil, key) == 1,
            EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1,
            EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1
        else { return nil }
        let signature = Secret(capacity: Int(EVP_PKEY_get_size(key))) { output in
            output.withUnsafeMutableBytes { signature, count in
                var length = signature.count
                let isSigned = message.withUnsafeBytes { message in
                    EVP_DigestSign(
                        context, signature.bindMemory(to: UInt8.self).baseAddress, &length,
                        message.bindMemory(to: UInt8.self).baseAddress, message.count) == 1
                }
                count = isSigned ? length : 0
            }
        }
        guard signature.count > 0 else { return nil }
        return signature
    }

    private static func thumbprint(_ certificate: OpaquePointer) -> String? {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard X509_digest(certificate, EVP_sha256(), &digest, &length) == 1 else { return nil }
        var text = SecretBuffer()
        digest.withUnsafeBytes {
            text.appendBase64URL(RawSpan(_unsafeBytes: $0).extracting(first: Int(length)))
        }
        return text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}

/// A key and the certificate that goes with it; both are the caller's to free.
struct KeyPair {
    let key: OpaquePointer
    let certificate: OpaquePointer
}
