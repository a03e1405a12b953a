internal import FoundationEssentials
internal import HTTP
internal import SecretMemory

extension ServiceCall {
    /// Takes the secret at `path` out of an answer.
    func cut(_ path: [String], from body: inout SecretBuffer) throws(AzureError) -> SharedSecret {
        do throws(SecretJSONError) {
            return SharedSecret(try body.cutJSONString(at: path))
        } catch {
            throw malformed("it has no \(path.joined(separator: "."))")
        }
    }

    /// Reads an answer that holds no secret, or none any more.
    func decode<Value: Decodable>(_ body: RawSpan) throws(AzureError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: body.withUnsafeBytes { Data($0) })
        } catch let error as DecodingError {
            throw malformed(Self.describe(error))
        } catch {
            throw malformed("it is no JSON")
        }
    }

    /// The error of an answer that is not what the service documents.
    func malformed(_ why: String) -> AzureError {
        AzureError(
            .malformed, "\(service.rawValue): cannot \(what): the answer is not understood: \(why)",
            hint: "is a proxy, or another service, answering at this address?")
    }

    /// Names the place, never the value.
    private static func describe(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "it has no \(key.stringValue)"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "\(context.codingPath.map(\.stringValue).joined(separator: ".")) is of another type"
        default: "it is no JSON"
        }
    }
}

/// Parts of URLs.
enum URLText {
    /// A path segment with all but RFC 3986's unreserved characters percent-encoded.
    static func segment(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default:
                "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    /// Whether `url` is https at the host of `endpoint`, or below it.
    ///
    /// Where to poll, and where the next page is, comes from an answer: a token may only go to whom it is for.
    static func isWithin(_ url: String, _ endpoint: String) -> Bool {
        guard let authority = Self.authority(url), let own = Self.authority(endpoint) else { return false }
        return authority == own || authority.hasSuffix("." + own)
    }

    /// Host and port in lower case, the default port left out; `nil` where it is not https, or where a user
    /// name could make one host look like another.
    static func authority(_ url: String) -> String? {
        // Parsers differ over a backslash: to some it ends the host, to others it is part of a user name.
        guard url.lowercased().hasPrefix("https://"), url.utf8.allSatisfy({ 0x21..<0x7F ~= $0 && $0 != 0x5C })
        else { return nil }
        let authority = url.dropFirst("https://".count).prefix { !"/?#".contains($0) }.lowercased()
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        return authority.hasSuffix(":443") ? String(authority.dropLast(4)) : authority
    }
}
