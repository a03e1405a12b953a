internal import SecretMemory

extension HTTPRequest {
    /// Fields that the client makes itself; a second one would change where a message ends (RFC 9112,
    /// section 6.3) or which connection it goes over.
    private static let ownFields = ["Connection", "Content-Length", "Expect", "Host", "Transfer-Encoding"]

    /// Finds what cannot be sent, before anything is.
    ///
    /// - Returns: where the request goes.
    /// - Throws: ``HTTPError/Code/invalidRequest``
    func check() throws(HTTPError) -> Target {
        let target = try Target(url)
        for field in headers {
            try check(field, target)
        }
        if let contentType {
            try check(HTTPField(name: "Content-Type", value: contentType), target)
        }
        if let bearerToken, !bearerToken.secret.isBearerToken {
            throw invalid("the access token is empty or has a character that no token has", target)
        }
        if let secretField {
            try check(HTTPField(name: secretField.name, value: secretField.prefix), target)
            guard bearerToken == nil else {
                throw invalid("it has an access token and another secret field", target)
            }
            guard secretField.value.secret.isBearerToken else {
                throw invalid(
                    "the value of \(secretField.name) is empty or has a character it must not", target)
            }
        }
        return target
    }

    private func check(_ field: HTTPField, _ target: Target) throws(HTTPError) {
        guard !field.name.isEmpty, field.name.utf8.allSatisfy(Self.isTokenByte) else {
            throw invalid("a header field has a name that is none", target)
        }
        guard !Self.ownFields.contains(where: { isEqualIgnoringCase($0, field.name) }) else {
            throw invalid("the header field \(field.name) is not the caller's to set", target)
        }
        // Values are not shown: some are secret.
        guard field.value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else {
            throw invalid("the value of the header field \(field.name) holds a control character", target)
        }
    }

    private func invalid(_ why: String, _ target: Target) -> HTTPError {
        HTTPError(.invalidRequest, "\(method.rawValue) \(target.shown): \(why)")
    }

    /// Whether `byte` may stand in a field's name (RFC 9110, section 5.6.2).
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

extension Secret {
    /// Whether these are visible ASCII characters; RFC 6750 allows fewer still, no service more.
    fileprivate var isBearerToken: Bool {
        withUnsafeBytes { bytes in
            !bytes.isEmpty && bytes.allSatisfy { 0x21...0x7E ~= $0 }
        }
    }
}
