internal import COpenSSL
internal import SecretMemory

/// Reads a key and its certificate from a PKCS#12 file (RFC 7292).
struct PKCS12Reader {
    private let password: CPassword?

    init(_ password: SharedSecret?) {
        self.password = password.map(CPassword.init)
    }

    /// The file's key, and the certificate that goes with it.
    func read(_ file: borrowing Secret) throws(ClientCertificate.Problem) -> KeyPair {
        // OpenSSL 3 keeps the ciphers of older exports, such as Windows' RC2, in a library of their own.
        for library in [nil, LegacyCiphers.shared?.library] {
            guard let container = container(file, library) else {
                throw ClientCertificate.Problem(
                    message: "it is neither PEM nor PKCS#12",
                    hint: "name a file that holds the certificate and its key")
            }
            defer { PKCS12_free(container) }
            var (key, certificate): (OpaquePointer?, OpaquePointer?) = (nil, nil)
            let text = password?.pointer?.assumingMemoryBound(to: CChar.self)
            if PKCS12_parse(container, text, &key, &certificate, nil) == 1 {
                return try pair(key, certificate)
            }
            if ERR_peek_last_error().reason == PKCS12_R_MAC_VERIFY_FAILURE {
                throw ClientCertificate.Problem(
                    message: password == nil ? "it needs a password" : "the password is wrong",
                    hint: password == nil ? "name a file with it by `certificatePasswordFile`" : nil)
            }
        }
        throw ClientCertificate.Problem(
            message: "it is damaged, or encrypted in a way that OpenSSL does not know",
            hint: "export it again, with AES")
    }

    private func container(_ file: borrowing Secret, _ library: OpaquePointer?) -> OpaquePointer? {
        file.withBIO { bio in
            var container = PKCS12_init_ex(NID_pkcs7_data, library, nil)
            return d2i_PKCS12_bio(bio, &container)
        }
    }

    private func pair(
        _ key: OpaquePointer?, _ certificate: OpaquePointer?
    ) throws(ClientCertificate.Problem) -> KeyPair {
        if let key, let certificate { return KeyPair(key: key, certificate: certificate) }
        EVP_PKEY_free(key)
        X509_free(certificate)
        throw ClientCertificate.Problem(
            message: key == nil ? "it has no private key" : "it has no certificate that goes with its key",
            hint: "export the certificate together with its key")
    }
}

/// OpenSSL with the ciphers that it has retired, apart from what the rest of the process uses.
///
/// It lives as long as the process: keys that were read with it sign with it.
private final class LegacyCiphers: @unchecked Sendable {
    // Sendable: a library context is OpenSSL's to lock, and never changes here.
    let library: OpaquePointer

    static let shared = LegacyCiphers()

    private init?() {
        guard let library = OSSL_LIB_CTX_new() else { return nil }
        guard OSSL_PROVIDER_load(library, "default") != nil, OSSL_PROVIDER_load(library, "legacy") != nil
        else {
            OSSL_LIB_CTX_free(library)
            return nil
        }
        self.library = library
    }
}

extension UInt {
    /// The reason of one of OpenSSL's error codes.
    fileprivate var reason: CInt { ERR_GET_REASON(self) }
}
