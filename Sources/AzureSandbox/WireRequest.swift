/// A request as it came in, taken apart as far as every service needs it.
struct WireRequest: Sendable {
    /// `GET`, in capitals.
    let method: String
    /// The host that the client named, in lower case, without a port.
    let host: String
    /// Path and query as they came.
    let target: String
    /// The path's segments, decoded.
    let path: [String]
    /// The query's parameters in order, decoded.
    let query: [(name: String, value: String)]
    /// The header fields in order.
    let headers: [(name: String, value: String)]
    /// The body.
    let body: [UInt8]

    /// Takes a request apart; `nil` where its target or host is malformed.
    init?(
        method: String, authority: String, target: String, headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard target.hasPrefix("/"), let rawPath = halves.first else { return nil }
        var path: [String] = []
        for segment in rawPath.split(separator: "/") {
            guard let segment = PercentEncoding.decode(segment) else { return nil }
            path.append(segment)
        }
        guard let query = PercentEncoding.parameters(halves.count > 1 ? halves[1] : "") else { return nil }
        self.method = method
        host = authority.split(separator: ":").first.map { $0.lowercased() } ?? ""
        self.target = target
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }
}

extension WireRequest {
    /// The first value of a header field, whose name's case does not matter.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The first value of a query parameter, whose name's case does not matter.
    func parameter(_ name: String) -> String? {
        query.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body as JSON; `nil` where it is none.
    var json: JSON? { JSON.parse(body) }

    /// The bearer token, where there is one.
    var bearer: String? {
        guard let field = header("authorization") else { return nil }
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
