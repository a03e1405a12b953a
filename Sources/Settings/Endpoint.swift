/// A URL that tokens and secrets are sent to: `https`, a host, perhaps a port, perhaps a path.
///
/// It is taken apart by hand and strictly, because a more lenient parser's idea of the host is where a token
/// goes astray: no user, no query, no fragment, no escapes, no backslashes.
struct Endpoint: CustomStringConvertible {
    private let scheme: String
    /// The host and, where there is one, the port.
    let authority: String
    /// Empty, or `/` and more; no slash at its end.
    let path: String

    /// Without a slash at its end.
    var description: String { "\(scheme)://\(authority)\(path)" }

    init?(_ text: String) {
        guard let colon = text.firstRange(of: "://") else { return nil }
        scheme = text[..<colon.lowerBound].lowercased()
        let rest = text[colon.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        authority = rest[..<slash].lowercased()
        let parts = rest[slash...].split(separator: "/")
        guard parts.allSatisfy({ Names.isName(String($0)) }) else { return nil }
        path = parts.map { "/" + $0 }.joined()
        guard let host = Self.host(authority) else { return nil }
        switch scheme {
        case "https": break
        case "http" where Self.isLoopback(host): break
        default: return nil
        }
    }

    private static func host(_ authority: String) -> String? {
        let isLiteral = authority.hasPrefix("[::1]")
        let end =
            isLiteral
            ? authority.index(authority.startIndex, offsetBy: 5)
            : authority.firstIndex(of: ":") ?? authority.endIndex
        let host = String(authority[..<end])
        guard isLiteral || Names.isHost(host) else { return nil }
        let port = authority[end...]
        guard !port.isEmpty else { return host }
        guard port.first == ":", port.dropFirst().allSatisfy({ $0.isASCII && $0.isNumber }),
            let number = Int(port.dropFirst()), (1...65_535).contains(number)
        else { return nil }
        return host
    }

    /// RFC 6761, section 6.3, and RFC 1122, section 3.2.1.3.
    private static func isLoopback(_ host: String) -> Bool {
        if host == "[::1]" || host == "localhost" || host.hasSuffix(".localhost") { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
