internal import SinkCore

/// Metadata in one line of a comment: `keyId=… tenant=… notAfter=…`.
enum MetadataComment {
    /// All but the application id, which has a variable.
    ///
    /// Whatever could end the line or a value is percent-encoded (RFC 3986, section 2.1).
    static func text(_ metadata: Metadata) -> String {
        let members = [
            ("keyId", metadata.keyId), ("tenant", metadata.tenant),
            ("notAfter", Timestamp.text(metadata.notAfter)), ("cluster", metadata.cluster),
            ("credential", metadata.credential), ("clientAppId", metadata.clientAppId),
        ]
        return members.compactMap { name, value in value.map { "\(name)=\(encode($0))" } }
            .joined(separator: " ")
    }

    /// The metadata that a line holds; `nil` where something is missing.
    static func metadata(_ text: String, appId: String) -> Metadata? {
        var members: [String: String] = [:]
        for member in text.split(whereSeparator: \.isWhitespace) {
            let parts = member.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let value = decode(parts[1]) else { return nil }
            members[String(parts[0])] = value
        }
        guard let keyId = members["keyId"], let tenant = members["tenant"], let cluster = members["cluster"],
            let credential = members["credential"], let notAfter = members["notAfter"].flatMap(Timestamp.date)
        else { return nil }
        return Metadata(
            appId: appId, tenant: tenant, keyId: keyId, cluster: cluster, credential: credential,
            notAfter: notAfter, clientAppId: members["clientAppId"])
    }

    private static func encode(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if scalar.properties.isAlphabetic && byte < 0x80 || (0x30...0x39).contains(byte)
                || "-._~:".unicodeScalars.contains(scalar)
            {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return result
    }

    private static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == Ascii.percent else {
                bytes.append(byte)
                continue
            }
            guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
