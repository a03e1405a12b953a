internal import FoundationEssentials

/// What went over the wire, in order; the newest ten thousand exchanges.
struct ExchangeLog: Sendable {
    /// What became of a request.
    enum Outcome: Sendable {
        case answered(WireAnswer)
        /// The connection was closed without an answer.
        case dropped(String)
    }

    private static let capacity = 10_000
    private var exchanges: [JSON] = []
    private var count = 0

    /// Adds an exchange.
    mutating func add(_ request: WireRequest, to service: Service, _ outcome: Outcome, at: Date, port: Int) {
        count += 1
        var entry: JSON = [
            "n": .integer(count), "at": .string(Moment.milliseconds(at)),
            "service": .string(service.rawValue),
            "method": .string(request.method), "url": "https://\(request.host):\(port)\(request.target)",
            "requestHeaders": Self.headers(request.headers),
            "requestBody": .string(String(decoding: request.body, as: UTF8.self)),
        ]
        switch outcome {
        case .answered(let answer):
            entry = entry.with("status", .integer(answer.status))
                .with("responseHeaders", Self.headers(answer.headers))
                .with("responseBody", .string(String(decoding: answer.body, as: UTF8.self)))
        case .dropped(let when):
            entry = entry.with("status", nil).with("responseHeaders", [:]).with("responseBody", "")
                .with("dropped", .string(when))
        }
        exchanges.append(entry)
        // In blocks: removing one at a time from the front would move all the others each time.
        if exchanges.count >= Self.capacity + 1000 { exchanges.removeFirst(exchanges.count - Self.capacity) }
    }

    /// Forgets all; numbers go on.
    mutating func clear() {
        exchanges.removeAll()
    }

    /// The exchanges, oldest first.
    var json: JSON { .array(Array(exchanges.suffix(Self.capacity))) }

    private static func headers(_ headers: [(name: String, value: String)]) -> JSON {
        .object(headers.map { JSON.Member(name: $0.name.lowercased(), value: .string($0.value)) })
    }
}
