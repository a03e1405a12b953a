import Logging

/// Writes what the modules log to standard error, as the program's own messages.
struct TerminalLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
        let origin = all["plugin"].map { " plugin \($0):" } ?? ""
        let level = event.level >= .warning ? " \(event.level):" : ""
        Terminal.write("credferry:\(level)\(origin) \(Terminal.oneLine("\(event.message)"))\n", to: .error)
    }
}
