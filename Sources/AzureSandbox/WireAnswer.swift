/// An answer before it goes out.
struct WireAnswer: Sendable {
    /// The HTTP status.
    var status: Int
    /// The header fields in order.
    var headers: [(name: String, value: String)]
    /// The body.
    var body: [UInt8]

    /// An answer without a body.
    init(_ status: Int, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.headers = headers
        body = []
    }

    /// An answer whose body is JSON.
    init(
        _ status: Int, _ json: JSON, headers: [(name: String, value: String)] = [],
        contentType: String = "application/json; charset=utf-8"
    ) {
        self.status = status
        self.headers = [("content-type", contentType)] + headers
        body = json.bytes
    }

    /// The first value of a header field.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body as JSON; `nil` where it is none.
    var json: JSON? { JSON.parse(body) }

    /// This answer with further header fields.
    func with(_ more: [(name: String, value: String)]) -> WireAnswer {
        var answer = self
        answer.headers += more
        return answer
    }
}

/// A refusal that ends a request early: what a service answers instead.
struct Refusal: Error {
    /// The whole answer.
    let answer: WireAnswer
}
