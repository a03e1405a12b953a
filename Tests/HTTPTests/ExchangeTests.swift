import SecretMemory
import Testing

@testable import HTTP

@Suite("Exchanges")
struct ExchangeTests {
    @Test func carriesRequestAndAnswer() async throws {
        let server = TestServer.answering { _ in
            answer("201 Created", ["X-One: 1", "x-one:  2 ", "Empty:"], body: "hello")
        }
        defer { server.stop() }
        let client = HTTPClient()
        var request = HTTPRequest(.post, server.url + "/path?query=1")
        request.headers = [HTTPField(name: "X-Mine", value: "yes"), HTTPField(name: "X-Empty", value: "")]
        request.bearerToken = shared("to.ken")
        request.body = shared(#"{"a":1}"#)
        request.contentType = "application/json"
        let received = try await client.text(request)
        #expect(received.status == 201)
        #expect(received.body == "hello")
        #expect(received.headers.first("X-ONE") == "1")
        #expect(received.headers.all("x-One") == ["1", "2"])
        #expect(received.headers.first("empty") == "")
        #expect(received.headers.first("absent") == nil)

        let sent = try #require(server.requests.first)
        #expect(sent.line == "POST /path?query=1 HTTP/1.1")
        #expect(sent.field("X-Mine") == "yes")
        #expect(sent.field("X-Empty") == "")
        #expect(sent.field("Authorization") == "Bearer to.ken")
        #expect(sent.field("Content-Type") == "application/json")
        #expect(sent.field("User-Agent") == "credferry")
        #expect(sent.field("Accept-Encoding") == nil)
        #expect(sent.field("Expect") == nil)
        #expect(String(decoding: sent.body, as: UTF8.self) == #"{"a":1}"#)
        await client.close()
    }

    @Test func carriesASecretField() async throws {
        let server = TestServer.answering { _ in answer() }
        defer { server.stop() }
        let client = HTTPClient()
        var request = HTTPRequest(.get, server.url)
        request.secretField = HTTPRequest.SecretField(
            name: "Authorization", prefix: "Basic ", value: shared("Zm9v"))
        _ = try await client.text(request)
        #expect(server.requests.first?.field("Authorization") == "Basic Zm9v")
        await client.close()
    }

    @Test(arguments: [HTTPRequest.Method.get, .delete])
    func sendsNoContentWhereThereIsNone(_ method: HTTPRequest.Method) async throws {
        let server = TestServer.answering { _ in answer() }
        defer { server.stop() }
        let client = HTTPClient()
        #expect(try await client.text(HTTPRequest(method, server.url)).body == "")
        let sent = try #require(server.requests.first)
        #expect(sent.line == "\(method.rawValue) / HTTP/1.1")
        #expect(sent.field("Content-Length") == nil)
        #expect(sent.field("Content-Type") == nil)
        await client.close()
    }

    @Test(arguments: [HTTPRequest.Method.post, .put, .patch])
    func saysThatThereIsNoContentWhereSomeIsExpected(_ method: HTTPRequest.Method) async throws {
        let server = TestServer.answering { _ in answer() }
        defer { server.stop() }
        let client = HTTPClient()
        _ = try await client.text(HTTPRequest(method, server.url))
        let sent = try #require(server.requests.first)
        #expect(sent.line == "\(method.rawValue) / HTTP/1.1")
        #expect(sent.field("Content-Length") == "0")
        await client.close()
    }

    @Test(arguments: [HTTPRequest.Method.get, .put, .patch, .delete])
    func sendsContentWithEveryMethod(_ method: HTTPRequest.Method) async throws {
        let server = TestServer.answering { answer(body: String(decoding: $0.body, as: UTF8.self)) }
        defer { server.stop() }
        let client = HTTPClient()
        var request = HTTPRequest(method, server.url)
        request.body = shared("content")
        #expect(try await client.text(request).body == "content")
        let sent = try #require(server.requests.first)
        #expect(sent.line == "\(method.rawValue) / HTTP/1.1")
        #expect(sent.field("Content-Type") == nil)
        await client.close()
    }

    @Test func everyStatusIsAnAnswer() async throws {
        let server = TestServer.answering { request in
            let status = request.line.split(separator: " ")[1].dropFirst()
            return answer("\(status) Word", ["Location: http://127.0.0.1:1/"], body: "said")
        }
        defer { server.stop() }
        let client = HTTPClient()
        for status in [200, 202, 301, 302, 307, 400, 401, 404, 407, 429, 500, 503] {
            let received = try await client.text(HTTPRequest(.get, "\(server.url)/\(status)"))
            #expect(received.status == status)
            #expect(received.body == "said")
        }
        await client.close()
    }

    @Test func leavesOutInterimAnswersAndTrailers() async throws {
        let server = TestServer.answering { _ in
            "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nX-Final: a\r\n b\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"
        }
        defer { server.stop() }
        let client = HTTPClient()
        let received = try await client.text(HTTPRequest(.get, server.url))
        #expect(received.status == 200)
        #expect(received.body == "abcde")
        #expect(received.headers.fields.map(\.name) == ["X-Final", "Transfer-Encoding"])
        #expect(received.headers.first("X-Final") == "a b")
        await client.close()
    }

    @Test func namesBelowLocalhostAreThisMachine() async throws {
        let server = TestServer.answering { answer(body: $0.field("Host") ?? "") }
        defer { server.stop() }
        let client = HTTPClient()
        let received = try await client.text(HTTPRequest(.get, "http://ops.vault.localhost:\(server.port)/"))
        #expect(received.body == "ops.vault.localhost:\(server.port)")
        await client.close()
    }

    @Test func carriesBodiesUpToTheLimit() async throws {
        let size = 3 << 20
        let server = TestServer.answering { answer(body: String(decoding: $0.body, as: UTF8.self)) }
        defer { server.stop() }
        let client = HTTPClient(HTTPClient.Options(maximumBodySize: size))
        let text = String(repeating: "0123456789abcdef", count: size / 16)
        var request = HTTPRequest(.put, server.url)
        request.body = shared(text)
        let isSame = try await client.text(request).body == text
        #expect(isSame)

        request.body = shared(text + "!")
        let failure = try #require(await client.failure(request))
        #expect(failure.code == .tooLarge)
        #expect(failure.mayHaveBeenSent)
        await client.close()
    }

    @Test func aThousandAtOnce() async throws {
        let server = TestServer.answering { answer(body: String($0.line.split(separator: " ")[1])) }
        defer { server.stop() }
        let client = HTTPClient()
        let url = server.url
        let wrong = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<1000 {
                group.addTask {
                    try await client.text(HTTPRequest(.get, "\(url)/\(number)")).body != "/\(number)"
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wrong == 0)
        #expect(server.requests.count == 1000)
        #expect(1...16 ~= server.connectionCount)
        await client.close()
    }
}
