/// How long a plugin may take.
public struct Deadlines: Sendable, Equatable {
    /// From its start to its answer to `initialize`.
    public var start: Duration
    /// For any other call.
    public var call: Duration
    /// From `shutdown` to its end, after which it is told by `SIGTERM`, and as long again after that killed.
    public var shutdown: Duration

    /// 10 s to start, 30 s a call, 2 s to shut down.
    public static let standard = Deadlines()

    /// Deadlines.
    public init(
        start: Duration = .seconds(10), call: Duration = .seconds(30), shutdown: Duration = .seconds(2)
    ) {
        self.start = start
        self.call = call
        self.shutdown = shutdown
    }
}

extension Duration {
    /// The duration in seconds, for messages: `30 s`, `0.2 s`.
    var text: String {
        let (seconds, attoseconds) = components
        let tenths = attoseconds / 100_000_000_000_000_000
        return tenths == 0 ? "\(seconds) s" : "\(seconds).\(tenths) s"
    }
}
