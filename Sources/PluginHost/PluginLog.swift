internal import Glibc
internal import Logging
internal import PluginProtocol

/// Carries a plugin's standard error into the log, line by line.
struct PluginLog {
    /// Whether there may be more to read.
    private(set) var isOpen = true
    private let descriptor: Int32
    private let logger: Logger
    private var line: [UInt8] = []
    private var isCut = false

    /// What a line has beyond this is left out.
    private static let longestLine = 1000

    init(descriptor: Int32, logger: Logger) {
        self.descriptor = descriptor
        self.logger = logger
    }

    /// Reads once; whether there may be more at once.
    @discardableResult
    mutating func read() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0 else {
            if count == 0 || (errno != EAGAIN && errno != EINTR) {
                isOpen = false
                logLine()
            }
            return false
        }
        for byte in bytes.prefix(count) {
            if byte == UInt8(ascii: "\n") {
                logLine()
            } else if line.count < Self.longestLine {
                line.append(byte)
            } else {
                isCut = true
            }
        }
        return true
    }

    private mutating func logLine() {
        let text = SafeText.line(String(decoding: line, as: UTF8.self), limit: Self.longestLine)
        if !text.isEmpty { logger.debug("\(text)\(isCut ? "…" : "")") }
        line = []
        isCut = false
    }
}
