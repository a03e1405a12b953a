internal import COpenSSL
internal import Glibc
internal import SecretMemory

/// Reads a key and a certificate that stand in one file in PEM (RFC 7468).
struct PEMReader {
    private let password: CPassword?

    init(_ password: SharedSecret?) {
        self.password = password.map(CPassword.init)
    }

    /// The file's first key, and the first certificate that goes with it.
    func read(_ file: borrowing Secret) throws(ClientCertificate.Problem) -> KeyPair {
        guard let key = key(file) else { throw problem(file) }
        guard let certificate = certificate(file, of: key) else {
            EVP_PKEY_free(key)
            throw ClientCertificate.Problem(
                message: "it has no certificate that goes with its key",
                hint: "put the key and its certificate into one file")
        }
        return KeyPair(key: key, certificate: certificate)
    }

    private func key(_ file: borrowing Secret) -> OpaquePointer? {
        file.withBIO { bio in
            // Without a callback of ours OpenSSL would ask for the password on the terminal.
            PEM_read_bio_PrivateKey(bio, nil, givePassword, password?.pointer)
        }
    }

    private func certificate(_ file: borrowing Secret, of key: OpaquePointer) -> OpaquePointer? {
        file.withBIO { bio in
            while let certificate = PEM_read_bio_X509(bio, nil, nil, nil) {
                if X509_check_private_key(certificate, key) == 1 { return certificate }
                X509_free(certificate)
            }
            return nil
        }
    }

    private func problem(_ file: borrowing Secret) -> ClientCertificate.Problem {
        // `ENCRYPTED PRIVATE KEY` (RFC 7468), or the header `Proc-Type: 4,ENCRYPTED` (RFC 1421).
        switch (file.contains("ENCRYPTED"), password == nil) {
        case (true, true):
            ClientCertificate.Problem(
                message: "its key is encrypted, and no password is given",
                hint: "name a file with the password by `certificatePasswordFile`")
        case (true, false):
            ClientCertificate.Problem(
                message: "its key cannot be decrypted: the password is wrong, or the key is damaged",
                hint: nil)
        case (false, _):
            ClientCertificate.Problem(
                message: "it has no private key that can be read",
                hint: "put the key and its certificate into one file")
        }
    }
}

/// A password as C wants it, ended by a zero byte, in secret memory.
final class CPassword {
    private let text: Secret

    init(_ password: SharedSecret) {
        var buffer = SecretBuffer(capacity: password.secret.count + 1)
        password.secret.withUnsafeBytes { buffer.append($0) }
        buffer.append(0 as UInt8)
        text = buffer.finish()
    }

    /// The bytes, for as long as this object lives.
    var pointer: UnsafeMutableRawPointer? {
        text.withUnsafeBytes { UnsafeMutableRawPointer(mutating: $0.baseAddress) }
    }
}

/// OpenSSL's `pem_password_cb`: copies the password, where there is one.
private func givePassword(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: CInt, _ isWriting: CInt,
    _ password: UnsafeMutableRawPointer?
) -> CInt {
    guard let buffer, let password else { return -1 }
    let length = strlen(password.assumingMemoryBound(to: CChar.self))
    guard length <= Int(size) else { return -1 }
    memcpy(buffer, password, length)
    return CInt(length)
}

extension Secret {
    /// Calls `body` with a reader of these bytes.
    func withBIO(_ body: (OpaquePointer) -> OpaquePointer?) -> OpaquePointer? {
        withUnsafeBytes { bytes in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, CInt(bytes.count)) else { return nil }
            defer { BIO_free(bio) }
            return body(bio)
        }
    }

    /// Whether `text` stands somewhere in these bytes.
    func contains(_ text: String) -> Bool {
        withUnsafeBytes { bytes in
            let wanted = Array(text.utf8)
            guard bytes.count >= wanted.count else { return false }
            return (0...bytes.count - wanted.count).contains { start in
                bytes[start..<start + wanted.count].elementsEqual(wanted)
            }
        }
    }
}
