import Testing

@testable import HTTP

@Suite("Proxies")
struct ProxyTests {
    /// A proxy that lets nobody through, so that whoever asks it finds out.
    private let proxy = TestServer.answering { _ in answer("403 Forbidden", body: "no") }

    private func failure(_ url: String, _ environment: [String: String]) async -> HTTPError? {
        let client = HTTPClient(
            HTTPClient.Options(connectTimeout: .milliseconds(300), environment: environment))
        let failure = await client.failure(HTTPRequest(.post, url))
        await client.close()
        return failure
    }

    @Test(arguments: ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
    func isAskedForOtherHosts(_ variable: String) async throws {
        let failure = try #require(
            await failure("https://service.example/path", [variable: proxy.url, "no_proxy": "other.example"]))
        proxy.stop()
        #expect(proxy.requests.map(\.line) == ["CONNECT service.example:443 HTTP/1.1"])
        #expect(failure.code == .cannotConnect)
        #expect(!failure.mayHaveBeenSent)
        #expect(failure.hint?.contains("proxy") == true)
    }

    @Test(arguments: ["no_proxy", "NO_PROXY"])
    func isNotAskedForExceptions(_ variable: String) async throws {
        let environment = ["https_proxy": proxy.url, variable: "localhost,.invalid"]
        let failure = try #require(await failure("https://name.invalid/", environment))
        proxy.stop()
        #expect(failure.code == .cannotResolve)
        #expect(proxy.connectionCount == 0)
    }

    @Test func isNeverAskedForThisMachine() async throws {
        let server = TestServer.answering { _ in answer() }
        let environment = [
            "http_proxy": proxy.url, "HTTP_PROXY": proxy.url, "https_proxy": proxy.url,
            "all_proxy": proxy.url,
        ]
        for host in ["127.0.0.1", "localhost", "a.localhost", "127.0.0.1"] {
            #expect(await failure("http://\(host):\(server.port)/", environment) == nil)
            // The server speaks no TLS: what counts is who was asked.
            #expect(await failure("https://\(host):\(server.port)/", environment)?.code != nil)
        }
        #expect(await failure("https://[::1]:\(server.port)/", environment)?.code != nil)
        server.stop()
        proxy.stop()
        #expect(proxy.connectionCount == 0)
        #expect(server.connectionCount == 8)
    }

    @Test func isNeverAskedForInstanceMetadata() async throws {
        let environment = ["http_proxy": proxy.url, "https_proxy": proxy.url, "ALL_PROXY": proxy.url]
        for scheme in ["http", "https"] {
            _ = await failure("\(scheme)://169.254.169.254/metadata/instance", environment)
        }
        proxy.stop()
        #expect(proxy.connectionCount == 0)
    }

    @Test func aProxyThatIsNotThere() async throws {
        proxy.stop()
        let failure = try #require(await failure("https://service.example/", ["https_proxy": proxy.url]))
        #expect(failure.code == .cannotConnect)
        let unknown = try #require(
            await self.failure(
                "https://service.example/", ["https_proxy": "http://user:hunter2@proxy.invalid:1"]))
        #expect(unknown.code == .cannotResolve)
        #expect(!unknown.description.contains("hunter2"))
    }
}
