internal import COpenSSL

/// A certificate authority made for one run, and the server certificate that it signed: EC P-256, in PEM.
///
/// The authority's key is gone when this has been made: nobody can sign another certificate with it.
struct Certificates: Sendable {
    /// What clients are told to trust.
    let authority: [UInt8]
    /// What the server shows.
    let server: [UInt8]
    /// The server's private key; it is written nowhere.
    let serverKey: [UInt8]

    /// The names and the address that the server goes by.
    ///
    /// A wildcard stands for one label, so that vaults and the services beside them need one each; not every
    /// client accepts `*.localhost`, so those are named too.
    private static let names =
        "DNS:localhost,DNS:*.localhost,DNS:login.localhost,DNS:graph.localhost,DNS:management.localhost,"
        + "DNS:*.vault.localhost,IP:127.0.0.1"

    /// Makes both, valid for a year.
    init() throws(SandboxError) {
        let authorityKey = try PrivateKey()
        let serverKey = try PrivateKey()
        let authority = try Certificate(subject: "credferry sandbox CA", key: authorityKey, issuer: nil)
        try authority.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
        try authority.add(NID_key_usage, "critical,keyCertSign,cRLSign")
        try authority.add(NID_subject_key_identifier, "hash")
        try authority.sign(with: authorityKey)
        let server = try Certificate(subject: "localhost", key: serverKey, issuer: authority)
        try server.add(NID_basic_constraints, "critical,CA:FALSE")
        try server.add(NID_key_usage, "critical,digitalSignature")
        try server.add(NID_ext_key_usage, "serverAuth")
        try server.add(NID_subject_alt_name, Self.names)
        try server.add(NID_subject_key_identifier, "hash")
        try server.add(NID_authority_key_identifier, "keyid")
        try server.sign(with: authorityKey)
        self.authority = try authority.pem()
        self.server = try server.pem()
        self.serverKey = try serverKey.pem()
    }
}

/// A private key on the curve P-256.
private final class PrivateKey {
    let pointer: OpaquePointer

    init() throws(SandboxError) {
        guard let pointer = credferry_generate_p256_key() else { throw failed("make a key") }
        self.pointer = pointer
    }

    deinit { EVP_PKEY_free(pointer) }

    func pem() throws(SandboxError) -> [UInt8] {
        try text { PEM_write_bio_PrivateKey($0, pointer, nil, nil, 0, nil, nil) }
    }
}

/// An X.509 certificate (RFC 5280) that is being made.
private final class Certificate {
    private let pointer: OpaquePointer
    private let issuer: Certificate?

    /// - Parameter issuer: who signs it; itself where `nil`.
    init(subject: String, key: PrivateKey, issuer: Certificate?) throws(SandboxError) {
        guard let pointer = X509_new() else { throw failed("make a certificate") }
        self.pointer = pointer
        self.issuer = issuer
        let day = 86_400
        let isComplete =
            X509_set_version(pointer, 2) == 1
            && ASN1_INTEGER_set_uint64(
                X509_get_serialNumber(pointer), UInt64.random(in: 1...UInt64(Int64.max))) == 1
            && X509_gmtime_adj(X509_getm_notBefore(pointer), -day) != nil
            && X509_gmtime_adj(X509_getm_notAfter(pointer), 365 * day) != nil
            && X509_set_pubkey(pointer, key.pointer) == 1
            && X509_NAME_add_entry_by_txt(
                X509_get_subject_name(pointer), "CN", MBSTRING_UTF8, subject, -1, -1, 0) == 1
            && X509_set_issuer_name(pointer, X509_get_subject_name(issuer?.pointer ?? pointer)) == 1
        guard isComplete else { throw failed("make a certificate") }
    }

    deinit { X509_free(pointer) }

    func add(_ kind: Int32, _ value: String) throws(SandboxError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer?.pointer ?? pointer, pointer, nil, nil, 0)
        guard let made = X509V3_EXT_conf_nid(nil, &context, kind, value) else {
            throw failed("make an extension")
        }
        defer { X509_EXTENSION_free(made) }
        guard X509_add_ext(pointer, made, -1) == 1 else { throw failed("add an extension") }
    }

    func sign(with key: PrivateKey) throws(SandboxError) {
        guard X509_sign(pointer, key.pointer, EVP_sha256()) > 0 else { throw failed("sign a certificate") }
    }

    func pem() throws(SandboxError) -> [UInt8] {
        try text { PEM_write_bio_X509($0, pointer) }
    }
}

/// What a function of OpenSSL's writes.
private func text(_ write: (OpaquePointer) -> Int32) throws(SandboxError) -> [UInt8] {
    guard let bio = BIO_new(BIO_s_mem()) else { throw failed("write PEM") }
    defer { BIO_free(bio) }
    var data: UnsafeMutablePointer<CChar>?
    guard write(bio) == 1 else { throw failed("write PEM") }
    let count = credferry_bio_data(bio, &data)
    guard let data, count > 0 else { throw failed("write PEM") }
    return UnsafeBufferPointer(start: data, count: count).map { UInt8(bitPattern: $0) }
}

private func failed(_ what: String) -> SandboxError {
    SandboxError(.certificate, "OpenSSL could not \(what)")
}
