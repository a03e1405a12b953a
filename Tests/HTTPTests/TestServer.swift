import Glibc

@testable import HTTP

/// A server on loopback that does exactly what a test says, byte by byte; it knows no HTTP beyond finding
/// where a request ends.
final class TestServer: Sendable {
    private struct State {
        var connectionCount = 0
        /// Those that are open; a number is only shut down by others while it stands here, since the
        /// operating system gives closed ones out again.
        var open: Set<Int32> = []
        var requests: [ReceivedRequest] = []
        var isStopped = false
    }

    let port: UInt16
    private let listener: Int32
    private let state = Lock(State())

    /// Listens on 127.0.0.1; `serve` is called on a thread of its own for each connection, which is closed
    /// when it returns.
    init(_ serve: @escaping @Sendable (Peer) -> Void) {
        var address = Self.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                precondition(bind(listener, pointer, length) == 0 && listen(listener, 1024) == 0)
                getsockname(listener, pointer, &length)
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
        self.listener = listener
        startThread { [self] in
            defer { close(listener) }
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                state.withLock { state in
                    state.connectionCount += 1
                    state.open.insert(descriptor)
                    if state.isStopped { shutdown(descriptor, Int32(SHUT_RDWR)) }
                }
                startThread { [self] in
                    serve(Peer(descriptor: descriptor, server: self))
                    state.withLock { _ = $0.open.remove(descriptor) }
                    close(descriptor)
                }
            }
        }
    }

    /// A server that keeps connections open and answers every request with what `answer` makes of it.
    static func answering(_ answer: @escaping @Sendable (ReceivedRequest) -> String) -> TestServer {
        TestServer { peer in
            while let request = peer.readRequest() { peer.write(answer(request)) }
        }
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var connectionCount: Int { state.withLock { $0.connectionCount } }
    var requests: [ReceivedRequest] { state.withLock { $0.requests } }

    /// Breaks every connection and takes no more.
    func stop() {
        state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            // Ends the wait in accept(2); the thread that waits there closes it.
            shutdown(listener, Int32(SHUT_RDWR))
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    fileprivate func note(_ request: ReceivedRequest) {
        state.withLock { $0.requests.append(request) }
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}

/// A request as it came over the wire.
struct ReceivedRequest: Sendable {
    /// Request line and fields, without the blank line.
    let head: String
    let body: [UInt8]

    var line: String { String(head.prefix { $0 != "\r\n" }) }

    func field(_ name: String) -> String? {
        for line in head.split(separator: "\r\n").dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts[0].lowercased() == name.lowercased() {
                return parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
            }
        }
        return nil
    }
}

/// The server's side of one connection.
struct Peer: Sendable {
    let descriptor: Int32
    let server: TestServer

    /// The next request; `nil` at the end of the connection.
    func readRequest() -> ReceivedRequest? {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard let byte = read() else { return nil }
            bytes.append(byte)
        }
        let head = String(decoding: bytes.dropLast(4), as: UTF8.self)
        let length = ReceivedRequest(head: head, body: []).field("Content-Length").flatMap { Int($0) } ?? 0
        var body: [UInt8] = []
        body.reserveCapacity(length)
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while body.count < length {
            let count = recv(descriptor, &chunk, min(chunk.count, length - body.count), 0)
            guard count > 0 else { return nil }
            body += chunk[..<count]
        }
        let request = ReceivedRequest(head: head, body: body)
        server.note(request)
        return request
    }

    func write(_ text: String) {
        write(Array(text.utf8))
    }

    func write(_ bytes: [UInt8]) {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                send(
                    descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            offset += count
        }
    }

    /// Stays until the other side, or the end of the test, closes the connection.
    func waitForEnd() {
        while read() != nil {}
    }

    private func read() -> UInt8? {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) == 1 ? byte : nil
    }
}

/// An answer with a length.
func answer(_ status: String = "200 OK", _ fields: [String] = [], body: String = "") -> String {
    (["HTTP/1.1 \(status)"] + fields + ["Content-Length: \(body.utf8.count)", "", body])
        .joined(separator: "\r\n")
}

private final class Work: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

func startThread(_ run: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(run))
    let result = pthread_create(
        &thread, nil,
        { context in
            if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run() }
            return nil
        }, work.toOpaque())
    precondition(result == 0)
    pthread_detach(thread)
}
