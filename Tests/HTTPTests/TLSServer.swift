import FoundationEssentials
import Glibc

/// An https server in a process of its own, Python's, with a certificate from an authority made for it.
///
/// It answers `200` with a secret that it makes up by a rule (see `Needle`), and keeps the connection open.
/// What it answers to `/cut` is shorter than it says; what it answers to `/closed` ends with the connection.
final class TLSServer: Sendable {
    /// A folder with `ca.pem`, `other.pem` (an authority that signed nothing here) and the server's own.
    let folder: String
    let port: UInt16
    private let process: pid_t
    private let input: Int32

    var authority: String { folder + "/ca.pem" }
    var otherAuthority: String { folder + "/other.pem" }

    /// - Parameter names: what the certificate is for, as OpenSSL writes it: `DNS:localhost,IP:127.0.0.1`.
    init(names: String = "DNS:localhost,DNS:*.vault.localhost,IP:127.0.0.1") throws {
        var template = Array("/tmp/credferry-tls-XXXXXX".utf8CString)
        guard let path = mkdtemp(&template) else { throw Failed(what: "mkdtemp") }
        folder = String(cString: path)
        // Authorities are looked up by their names: no two servers' may be the same.
        let name = folder.split(separator: "-").last ?? ""
        for (file, arguments) in [
            ("ca", ["-x509", "-subj", "/CN=Authority \(name)"]),
            ("other", ["-x509", "-subj", "/CN=Other \(name)"]),
            (
                "server",
                [
                    "-x509", "-subj", "/CN=server", "-CA", folder + "/ca.pem", "-CAkey", folder + "/ca.key",
                    "-addext", "subjectAltName=\(names)", "-addext", "basicConstraints=critical,CA:FALSE",
                ]
            ),
        ] {
            try run(
                [
                    "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc",
                    "-days", "2", "-keyout", "\(folder)/\(file).key", "-out", "\(folder)/\(file).pem",
                ] + arguments)
        }
        var toServer: [Int32] = [0, 0]
        var fromServer: [Int32] = [0, 0]
        guard pipe(&toServer) == 0, pipe(&fromServer) == 0 else { throw Failed(what: "pipe") }
        for descriptor in toServer + fromServer { setCloseOnExec(descriptor) }
        process = try spawn(
            ["python3", "-c", Self.program, "\(folder)/server.pem", "\(folder)/server.key"],
            input: toServer[0], output: fromServer[1])
        close(toServer[0])
        close(fromServer[1])
        input = toServer[1]
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(fromServer[0], &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        close(fromServer[0])
        port = UInt16(String(decoding: line, as: UTF8.self)) ?? 0
    }

    /// Ends the server; it ends by itself where the tests do, since its standard input is then at its end.
    func stop() {
        close(input)
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static let program = """
        import socket, ssl, sys, threading
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        secret = bytes(65 + (i * 7 + 3 + i // 26) % 26 for i in range(48))
        def serve(connection):
            try:
                with context.wrap_socket(connection, server_side=True) as tls, tls.makefile("rb") as reader:
                    while True:
                        length, target = 0, reader.readline()
                        while (line := reader.readline()) not in (b"\\r\\n", b""):
                            if line.lower().startswith(b"content-length:"):
                                length = int(line.split(b":")[1])
                        if not line:
                            return
                        reader.read(length)
                        if b"/cut" in target:
                            tls.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\nhalf of it")
                            return
                        if b"/closed" in target:
                            tls.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\nall of it")
                            tls.unwrap()
                            return
                        tls.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 48\\r\\n\\r\\n" + secret)
            except (OSError, ssl.SSLError):
                pass
        def accept():
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        print(listener.getsockname()[1], flush=True)
        sys.stdin.read()
        """
}

struct Failed: Error {
    let what: String
}

private func setCloseOnExec(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
}

/// Runs a program from the path to its end.
func run(_ arguments: [String]) throws {
    var status: Int32 = 0
    let process = try spawn(arguments, input: nil, output: nil)
    guard waitpid(process, &status, 0) == process, status == 0 else {
        throw Failed(what: arguments.joined(separator: " "))
    }
}

/// Starts a program; what it is not given is /dev/null.
private func spawn(_ arguments: [String], input: Int32?, output: Int32?) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (descriptor, given, mode) in [
        (0 as Int32, input, O_RDONLY), (1, output, O_WRONLY), (2, nil, O_WRONLY),
    ] {
        if let given {
            posix_spawn_file_actions_adddup2(&actions, given, descriptor)
        } else {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", mode, 0)
        }
    }
    var argv = arguments.map { strdup($0) } + [nil]
    defer { for argument in argv { free(argument) } }
    var process = pid_t()
    guard posix_spawnp(&process, arguments[0], &actions, nil, &argv, environ) == 0 else {
        throw Failed(what: "cannot start \(arguments[0])")
    }
    return process
}
