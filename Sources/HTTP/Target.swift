/// Where a request goes, taken from its URL by rules that are stricter than libcurl's.
///
/// Only characters about which no two parsers disagree are let through, so that the host judged here is the
/// host that libcurl connects to.
struct Target: Sendable {
    /// `http` or `https`.
    let scheme: String
    /// The host in lower case, an IPv6 address without its brackets.
    let host: String
    /// The URL as it may be shown: without its query, which can hold a signature.
    let shown: String

    /// - Throws: ``HTTPError/Code/invalidRequest``
    init(_ url: String) throws(HTTPError) {
        guard url.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw HTTPError(
                .invalidRequest, "a URL holds a blank, a control character or one outside of ASCII",
                hint: "percent-encode the character; write an international host name as xn--…")
        }
        shown = String(url.prefix { $0 != "?" && $0 != "#" })
        guard let (scheme, rest) = Self.split(shown) else {
            throw HTTPError(
                .invalidRequest, "\(Self.withoutUser(shown)) is no https URL", hint: "write https://HOST/…")
        }
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@") else {
            throw HTTPError(
                .invalidRequest, "a URL of \(authority.drop { $0 != "@" }.dropFirst()) holds a user name",
                hint: "take it out: credentials do not belong into a URL")
        }
        guard let host = Self.host(authority) else {
            throw HTTPError(.invalidRequest, "\(shown) does not name a host", hint: "write https://HOST/…")
        }
        self.scheme = scheme
        self.host = host
        guard scheme == "https" || isLoopback || isLinkLocal else {
            throw HTTPError(
                .invalidRequest, "\(shown) is not encrypted", hint: "use https: http is for loopback alone")
        }
    }

    /// Whether it is this machine itself (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3; RFC 4291, 2.5.3).
    var isLoopback: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "::1"
            || Self.isIPv4(host, beginningWith: ["127"])
    }

    /// Whether it is on this machine's own link, from which nothing is routed (RFC 3927).
    ///
    /// Azure's instance metadata service (169.254.169.254) and App Service's identity endpoint speak plain HTTP there.
    var isLinkLocal: Bool { Self.isIPv4(host, beginningWith: ["169", "254"]) }

    private static func split(_ url: String) -> (scheme: String, rest: Substring)? {
        for scheme in ["https", "http"] {
            let start = url.prefix(scheme.count + 3)
            if isEqualIgnoringCase(start, scheme + "://") { return (scheme, url.dropFirst(start.count)) }
        }
        return nil
    }

    /// What may be shown of a text that is no URL that we know.
    private static func withoutUser(_ text: String) -> Substring {
        text.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
    }

    /// The host of `HOST` or `HOST:PORT`; `nil` where a character is in it that does not belong there.
    private static func host(_ authority: Substring) -> String? {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let address = authority[authority.index(after: authority.startIndex)..<end]
            guard isPort(authority[authority.index(after: end)...]), address.contains(":"),
                address.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." })
            else { return nil }
            return address.lowercased()
        }
        let host = authority.prefix { $0 != ":" }
        guard !host.isEmpty, isPort(authority.dropFirst(host.count)),
            host.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "." || $0 == "-" || $0 == "_" })
        else { return nil }
        return host.lowercased()
    }

    /// Whether it is empty or a colon and a port.
    private static func isPort(_ text: Substring) -> Bool {
        guard let colon = text.first else { return true }
        let digits = text.dropFirst()
        guard colon == ":", digits.count <= 5, digits.allSatisfy({ $0.isNumber }), let port = Int(digits)
        else { return false }
        return 1...65535 ~= port
    }

    /// Four decimal numbers, the first of them as given; other spellings of IPv4 addresses do not count.
    private static func isIPv4(_ host: String, beginningWith first: [Substring]) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.starts(with: first) else { return false }
        return parts.allSatisfy { part in
            part.allSatisfy(\.isNumber) && (part == "0" || !part.hasPrefix("0")) && UInt8(part) != nil
        }
    }
}
