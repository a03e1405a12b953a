import Glibc
import Testing

@testable import HTTP

@Suite("Connections")
struct ConnectionTests {
    private let server = TestServer.answering { _ in answer(body: "ok") }

    private func send(_ use: HTTPRequest.ConnectionUse, _ client: HTTPClient) async throws {
        var request = HTTPRequest(.get, server.url)
        request.connection = use
        #expect(try await client.text(request).status == 200)
    }

    @Test func pooledIsUsedAgain() async throws {
        let client = HTTPClient()
        for _ in 0..<5 { try await send(.pooled, client) }
        #expect(server.connectionCount == 1)
        await client.close()
        server.stop()
    }

    @Test func freshIsNewAndKept() async throws {
        let client = HTTPClient()
        for _ in 0..<3 { try await send(.fresh, client) }
        #expect(server.connectionCount == 3)
        try await send(.pooled, client)
        #expect(server.connectionCount == 3)
        await client.close()
        server.stop()
    }

    @Test func singleIsNewAndClosed() async throws {
        let client = HTTPClient()
        for _ in 0..<3 { try await send(.single, client) }
        #expect(server.connectionCount == 3)
        try await send(.pooled, client)
        #expect(server.connectionCount == 4)
        await client.close()
        server.stop()
    }

    @Test func fewerThanAllowedWaitForEachOther() async throws {
        let client = HTTPClient(HTTPClient.Options(maximumConnectionsPerHost: 2))
        try await withThrowingTaskGroup { group in
            for _ in 0..<20 { group.addTask { try await send(.pooled, client) } }
            try await group.waitForAll()
        }
        #expect(1...2 ~= server.connectionCount)
        await client.close()
        server.stop()
    }

    @Test func areNotInheritedByPrograms() async throws {
        let client = HTTPClient()
        try await send(.pooled, client)
        let own = (0..<1024).filter { peerPort(of: $0) == server.port }
        #expect(own.count == 1)
        for descriptor in own { #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0) }
        await client.close()
        server.stop()
    }

    /// The port at the other end of a TCP connection over IPv4.
    private func peerPort(of descriptor: Int32) -> UInt16? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
        }
        guard result == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
        return UInt16(bigEndian: address.sin_port)
    }

    // MARK: Never twice

    /// Answers the first request of a connection where `answersFirst`, reads one more, and hangs up on it.
    private func hangingUp(answersFirst: Bool) -> TestServer {
        TestServer { peer in
            if answersFirst {
                guard peer.readRequest() != nil else { return }
                peer.write(answer())
            }
            _ = peer.readRequest()
        }
    }

    @Test func freshIsSentOnceEvenWhereTheServerHangsUp() async throws {
        let server = hangingUp(answersFirst: false)
        defer { server.stop() }
        let client = HTTPClient()
        var request = HTTPRequest(.post, server.url)
        request.connection = .fresh
        request.body = shared("once")
        let failure = try #require(await client.failure(request))
        #expect(failure.code == .connectionLost)
        #expect(failure.mayHaveBeenSent)
        #expect(server.requests.count == 1)
        await client.close()
    }

    /// What ``HTTPRequest/ConnectionUse/pooled`` warns of; if libcurl stops doing it, the warning can go.
    @Test func pooledIsSentAgainWhereAUsedConnectionIsDead() async throws {
        let server = hangingUp(answersFirst: true)
        defer { server.stop() }
        let client = HTTPClient()
        _ = try await client.text(HTTPRequest(.get, server.url))
        var request = HTTPRequest(.post, server.url)
        request.body = shared("twice")
        _ = try await client.text(request)
        #expect(server.requests.filter { $0.line.hasPrefix("POST") }.count == 2)
        await client.close()
    }

    @Test(arguments: [HTTPRequest.ConnectionUse.fresh, .single])
    func newConnectionsAreSentOnceBesideUsedOnes(_ use: HTTPRequest.ConnectionUse) async throws {
        // The pool holds an idle connection; the new one hangs up on what it reads first.
        let isFirst = Lock(true)
        let server = TestServer { peer in
            let answers = isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst
            }
            while peer.readRequest() != nil, answers { peer.write(answer()) }
        }
        defer { server.stop() }
        let client = HTTPClient()
        _ = try await client.text(HTTPRequest(.get, server.url))
        var request = HTTPRequest(.post, server.url)
        request.connection = use
        request.body = shared("once")
        let failure = try #require(await client.failure(request))
        #expect(failure.code == .connectionLost)
        #expect(failure.mayHaveBeenSent)
        #expect(server.requests.filter { $0.line.hasPrefix("POST") }.count == 1)
        await client.close()
    }
}
