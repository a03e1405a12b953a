import Glibc
import Testing

@testable import HTTP

@Suite("Failures")
struct FailureTests {
    /// What sending to a server that reads a request and then does `then` ends in.
    private func failure(
        _ request: HTTPRequest? = nil, timeout: Duration = .seconds(60),
        _ then: @escaping @Sendable (Peer) -> Void
    ) async throws -> HTTPError {
        let server = TestServer { peer in
            if peer.readRequest() != nil { then(peer) }
        }
        defer { server.stop() }
        let client = HTTPClient()
        var request = HTTPRequest(.get, server.url + "/path?sig=signature")
        request.timeout = timeout
        let failure = try #require(await client.failure(request))
        await client.close()
        #expect(failure.message.hasPrefix("GET \(server.url)/path: "))
        #expect(!failure.description.contains("signature"))
        return failure
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", "HTTP/1.1 200 OK\r\nHalf",
        "nothing that HTTP knows\r\n\r\n", "\u{0}\u{1}\u{2}\u{3}",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/2 200\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n",
    ])
    func anAnswerThatIsNoneOrHalfOfOne(_ text: String) async throws {
        let failure = try await failure { $0.write(text) }
        #expect(failure.code == .connectionLost, "\(failure)")
        #expect(failure.mayHaveBeenSent)
    }

    @Test(arguments: [1, 2000])
    func moreHeaderFieldsThanAreTaken(_ lines: Int) async throws {
        let length = ResponseHead.maximumByteCount / lines
        let field = "X-Field: " + String(repeating: "x", count: length) + "\r\n"
        let failure = try await failure { peer in
            peer.write("HTTP/1.1 200 OK\r\n" + String(repeating: field, count: lines) + "\r\n")
            peer.waitForEnd()
        }
        #expect(failure.code == .tooLarge)
        #expect(failure.mayHaveBeenSent)
    }

    @Test func aHeaderFieldLongerThanLibcurlTakes() async throws {
        let failure = try await failure { peer in
            let value = String(repeating: "x", count: 1 << 20)
            peer.write("HTTP/1.1 200 OK\r\nX-Field: \(value)\r\n\r\n")
            peer.waitForEnd()
        }
        #expect(failure.code == .tooLarge, "\(failure)")
        #expect(failure.mayHaveBeenSent)
    }

    @Test func anAnswerThatNeverEnds() async throws {
        let failure = try await failure { peer in
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "10000\r\n" + String(repeating: "x", count: 0x10000) + "\r\n"
            for _ in 0..<1000 { peer.write(chunk) }
        }
        #expect(failure.code == .tooLarge)
    }

    @Test func aServerThatSaysNothing() async throws {
        let failure = try await failure(timeout: .seconds(1)) { $0.waitForEnd() }
        #expect(failure.code == .timeout)
        #expect(failure.mayHaveBeenSent)
    }

    @Test func aServerThatDrips() async throws {
        let failure = try await failure(timeout: .seconds(1)) { peer in
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in 0..<1000 {
                usleep(10_000)
                peer.write("x")
            }
        }
        #expect(failure.code == .timeout)
        #expect(failure.mayHaveBeenSent)
    }

    @Test(arguments: [Duration.zero, .seconds(-1), .nanoseconds(1)])
    func noTimeAtAll(_ timeout: Duration) async throws {
        let server = TestServer { $0.waitForEnd() }
        defer { server.stop() }
        let client = HTTPClient()
        var request = HTTPRequest(.get, server.url)
        request.timeout = timeout
        #expect(await client.failure(request)?.code == .timeout)
        await client.close()
    }

    @Test func nobodyListens() async throws {
        let server = TestServer { _ in }
        server.stop()
        let client = HTTPClient()
        let failure = try #require(await client.failure(HTTPRequest(.post, server.url)))
        #expect(failure.code == .cannotConnect)
        #expect(!failure.mayHaveBeenSent)
        #expect(failure.hint != nil)
        await client.close()
    }

    @Test func aNameWithoutAddress() async throws {
        // RFC 6761, section 6.4: nothing below .invalid ever exists.
        let client = HTTPClient(HTTPClient.Options(environment: [:]))
        let failure = try #require(await client.failure(HTTPRequest(.get, "https://name.invalid/")))
        #expect(failure.code == .cannotResolve)
        #expect(!failure.mayHaveBeenSent)
        #expect(failure.message.contains("name.invalid"))
        await client.close()
    }

    // MARK: Ended from this side

    @Test func aRequestThatWaitsForAConnectionHasADeadlineToo() async throws {
        let server = TestServer { $0.waitForEnd() }
        defer { server.stop() }
        let client = HTTPClient(HTTPClient.Options(maximumConnectionsPerHost: 1))
        let url = server.url
        let first = Task { await client.failure(HTTPRequest(.get, url)) }
        await eventually { server.connectionCount == 1 }
        var request = HTTPRequest(.post, url)
        request.timeout = .milliseconds(100)
        let failure = try #require(await client.failure(request))
        #expect(failure.code == .timeout)
        #expect(!failure.mayHaveBeenSent)
        first.cancel()
        #expect(await first.value?.code == .cancelled)
        await client.close()
    }

    @Test func cancellingEndsAnExchangeAtOnce() async throws {
        let server = TestServer { peer in
            _ = peer.readRequest()
            peer.waitForEnd()
        }
        defer { server.stop() }
        let client = HTTPClient()
        let url = server.url
        let task = Task { await client.failure(HTTPRequest(.post, url)) }
        await eventually { server.requests.count == 1 }
        task.cancel()
        let failure = try #require(await task.value)
        #expect(failure.code == .cancelled)
        #expect(failure.mayHaveBeenSent)
        await client.close()
    }

    @Test func aCancelledTaskSendsNothing() async throws {
        let server = TestServer.answering { _ in answer() }
        defer { server.stop() }
        let client = HTTPClient()
        let url = server.url
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return await client.failure(HTTPRequest(.post, url))
        }
        task.cancel()
        let failure = try #require(await task.value)
        #expect(failure.code == .cancelled)
        #expect(!failure.mayHaveBeenSent)
        #expect(server.requests.isEmpty)
        await client.close()
    }

    @Test func aConnectionIsFreeAgainAfterACancelledExchange() async throws {
        let server = TestServer { peer in
            while let request = peer.readRequest() {
                if request.line.contains("hang") { return peer.waitForEnd() }
                peer.write(answer(body: "ok"))
            }
        }
        defer { server.stop() }
        let client = HTTPClient(HTTPClient.Options(maximumConnectionsPerHost: 1))
        let url = server.url
        let hanging = Task { await client.failure(HTTPRequest(.get, url + "/hang")) }
        await eventually { server.requests.count == 1 }
        let waiting = (0..<20).map { number in
            Task { try await client.text(HTTPRequest(.get, "\(url)/\(number)")).body }
        }
        hanging.cancel()
        #expect(await hanging.value?.code == .cancelled)
        for task in waiting { #expect(try await task.value == "ok") }
        await client.close()
    }

    @Test func cancellingManyAtAnyMoment() async throws {
        let server = TestServer.answering { request in
            usleep(1000)
            return answer(body: String(request.line.split(separator: " ")[1]))
        }
        defer { server.stop() }
        let client = HTTPClient(HTTPClient.Options(maximumConnectionsPerHost: 8))
        let url = server.url
        let tasks = (0..<300).map { number in
            Task { () async throws(HTTPError) in
                try await client.text(HTTPRequest(.get, "\(url)/\(number)")).body
            }
        }
        for (number, task) in tasks.enumerated() where number % 3 == 0 {
            task.cancel()
            if number % 30 == 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
        for (number, task) in tasks.enumerated() {
            switch await task.result {
            case .success(let body): #expect(body == "/\(number)")
            case .failure(let error):
                #expect((error as? HTTPError)?.code == .cancelled && number % 3 == 0, "\(number): \(error)")
            }
        }
        await client.close()
    }

    @Test func closingEndsWhatIsUnderWayAndWhatComesAfter() async throws {
        let server = TestServer { $0.waitForEnd() }
        defer { server.stop() }
        let client = HTTPClient()
        let url = server.url
        let tasks = (0..<40).map { _ in Task { await client.failure(HTTPRequest(.get, url)) } }
        await eventually { server.connectionCount == 16 }
        await client.close()
        for task in tasks {
            let failure = await task.value
            #expect(failure?.code == .cancelled, "\(String(describing: failure))")
        }
        let later = try #require(await client.failure(HTTPRequest(.get, url)))
        #expect(later.code == .cancelled)
        #expect(!later.mayHaveBeenSent)
        await client.close()
    }

    @Test func closingAnUnusedClient() async throws {
        let client = HTTPClient()
        await client.close()
        #expect(await client.failure(HTTPRequest(.get, "http://localhost/"))?.code == .cancelled)
    }
}
