internal import Glibc
internal import PluginProtocol
internal import SecretMemory
public import SinkCore

/// Makes a plugin of a sink: speaks the plugin protocol on standard input and output until the host ends it.
///
///     @main
///     struct Notebook {
///         static func main() async {
///             await serve(name: "notebook", version: "1.0.0") { options in
///                 try NotebookSink(folder: options.string("folder"))
///             }
///         }
///     }
///
/// The host's `initialize` brings the options; `makeSink` makes the sink of them, or throws a ``SinkError``
/// that the operator gets to see. From then on every call runs in a task of its own, which is cancelled when
/// the host gives the call up. What the process prints goes to standard error, the plugin's log: standard
/// output carries the protocol and nothing else.
///
/// It does not return: the process ends with the host's `shutdown`, with the end of standard input, or, with
/// status 1, at a line that is longer than a message may be.
public func serve(
    name: String, version: String,
    _ makeSink: @escaping @Sendable (PluginOptions) async throws -> any Sink
) async -> Never {
    ProcessHardening.apply()
    let session = Session(peer: Peer(name: name, version: version), makeSink: makeSink)
    let status: Int32
    if let pipes = HostPipes.takeStandard() {
        status = await pipes.serve(session)
    } else {
        logLine("\(name): standard input and output cannot be used")
        status = 1
    }
    exit(status)
}

/// Writes a line to standard error, the plugin's log; never with a secret in it.
func logLine(_ text: String) {
    let line = text + "\n"
    line.utf8CString.withUnsafeBytes { bytes in
        _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count - 1)
    }
}
