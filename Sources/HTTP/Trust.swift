internal import CLibcurl
internal import FoundationEssentials
internal import Glibc

/// The certificate authorities that servers are judged by.
///
/// OpenSSL's own variables replace the system's halves: `SSL_CERT_FILE` a file, `SSL_CERT_DIR` a directory
/// with hashed names. Without them the directory is preferred: it costs one look-up for each authority, and
/// parsing the whole file takes 21 ms in every process.
struct Trust: Sendable {
    /// A directory, or several with colons between them.
    let directory: String?
    /// Files in PEM, as they are named in messages.
    let files: [String]
    /// The files' content where there are several, since libcurl takes only one.
    private let joined: [UInt8]?
    /// What is wrong with the files.
    let problem: String?

    /// Debian, Alpine, SUSE; then Fedora and its kin.
    private static let directories = ["/etc/ssl/certs", "/etc/pki/tls/certs"]
    private static let bundles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
    ]

    /// - Parameter additional: a file in PEM with authorities to trust besides the system's.
    init(additional: String?, environment: [String: String]) {
        let chosenFile = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
        let chosenDirectory = environment["SSL_CERT_DIR"].flatMap { $0.isEmpty ? nil : $0 }
        directory = chosenDirectory ?? Self.directories.first(where: Self.isHashed)
        let bundle = directory == nil ? Self.bundles.first { access($0, R_OK) == 0 } : nil
        files = [chosenFile ?? bundle, additional].compactMap { $0 }

        var contents: [UInt8] = []
        var problem: String?
        for file in files {
            guard let content = FileManager.default.contents(atPath: file) else {
                problem = problem ?? "cannot read the certificate authorities in \(file)"
                continue
            }
            contents += content + [UInt8(ascii: "\n")]
        }
        self.problem = problem
        joined = files.count > 1 ? contents : nil
    }

    func apply(to options: inout TransferOptions) {
        // Both ends: an https proxy is judged as a server is.
        for (path, file, blob) in [
            (CURLOPT_CAPATH, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB),
            (CURLOPT_PROXY_CAPATH, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAINFO_BLOB),
        ] {
            options.set(path, directory)
            options.set(file, joined == nil ? files.first : nil)
            if let joined { options.set(blob, blob: joined) }
        }
    }

    /// Whether the directory has at least one name such as `4042bcee.0` (openssl-rehash(1)).
    private static func isHashed(_ directory: String) -> Bool {
        guard let stream = opendir(directory) else { return false }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let isHash = withUnsafeBytes(of: entry.pointee.d_name) { name in
                name[8] == UInt8(ascii: ".") && name[9] == UInt8(ascii: "0") && name[10] == 0
                    && name[0..<8].allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
            }
            if isHash { return true }
        }
        return false
    }
}
