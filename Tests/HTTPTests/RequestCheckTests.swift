import Testing

@testable import HTTP

@Suite("What is refused before it is sent")
struct RequestCheckTests {
    private func failure(_ url: String, _ change: (inout HTTPRequest) -> Void = { _ in }) -> HTTPError? {
        var request = HTTPRequest(.get, url)
        change(&request)
        do throws(HTTPError) {
            _ = try request.check()
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        "https://graph.microsoft.com/v1.0/applications?$filter=appId%20eq%20'a'", "HTTPS://EXAMPLE/",
        "https://example:8443", "https://[2001:db8::1]:443/", "https://10.0.0.1/a/b",
        "http://localhost:8080/x",
        "http://a.b.localhost/", "http://127.0.0.1", "http://127.255.0.9:1/", "http://[::1]:8080/",
        "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01", "https://h/@?u@v",
        "http://169.254.129.2:8081/msi/token",
        // A fragment ends the host for every parser.
        "http://localhost#@example/@",
    ])
    func accepts(_ url: String) {
        #expect(failure(url) == nil)
    }

    @Test(arguments: [
        "", "example", "/path", "ftp://example/", "file:///etc/passwd", "https:/example/", "https:example",
        "https://", "https:///path", "https://:443/", "https://user:pass@example/", "https://example:port/",
        "https://example:0/", "https://example:65536/", "https://example:1:2/", "https://[::1/",
        "https://[x]/",
        "https://exa mple/", "https://example/a b", "https://example/\r\nX: y",
        "https://example/\u{0}",
        "https://ex\\ample/", "https://bücher.example/", "https://%6cocalhost/", "https://a;b/",
        "http://example/", "http://10.0.0.1/", "http://localhost.example/", "http://notlocalhost/",
        "http://127.0.0.1.example/", "http://127.1/", "http://127.0.0.01/", "http://127.0.0.256/",
        "http://2130706433/",
        "http://169.253.169.254/", "http://169.254.169.254.example/", "http://127.0.0.1\\@example/",
        "http://localhost@example/",
        "http://[::ffff:127.0.0.1]/",
    ])
    func refuses(_ url: String) {
        #expect(failure(url)?.code == .invalidRequest)
    }

    @Test func showsNeitherPasswordNorQuery() {
        for scheme in ["https://user:hunter2@", "ftp://user:hunter2@", "http://"] {
            #expect(failure(scheme + "example/?hunter2")?.description.contains("hunter2") == false)
        }
    }

    @Test(arguments: [
        ("", "x"), ("A B", "x"), ("A:", "x"), ("Ä", "x"), ("A\r\nB", "x"), ("A", "x\r\nB: y"), ("A", "x\ny"),
        ("A", "x\u{0}"), ("A", "\u{7F}"), ("Content-Length", "3"), ("transfer-encoding", "chunked"),
        ("Host", "other"), ("CONNECTION", "close"),
    ])
    func refusesField(_ name: String, _ value: String) {
        let failure = failure("https://example/") { $0.headers = [HTTPField(name: name, value: value)] }
        #expect(failure?.code == .invalidRequest)
    }

    @Test func acceptsFields() {
        let failure = failure("https://example/") { request in
            request.headers = [
                HTTPField(name: "A", value: "\tä x"), HTTPField(name: "!#$%&'*+-.^_`|~9", value: ""),
            ]
            request.contentType = "text/plain; charset=utf-8"
        }
        #expect(failure == nil)
    }

    @Test(arguments: ["", "a b", "a\r\nX: y", "a\u{0}", "tökèn"])
    func refusesToken(_ token: String) {
        let failure = failure("https://example/") { $0.bearerToken = shared(token) }
        #expect(failure?.code == .invalidRequest)
        #expect(failure.map { token.isEmpty || !$0.description.contains(token) } == true)
    }

    @Test(arguments: [
        ("X-Mine", "", ""), ("X-Mine", "", "a b"), ("X-Mine", "", "a\r\nX: y"), ("X Mine", "", "a"),
        ("X-Mine", "a\r\n", "a"), ("Host", "", "a"), ("", "", "a"),
    ])
    func refusesSecretField(_ name: String, _ prefix: String, _ value: String) {
        let failure = failure("https://example/") {
            $0.secretField = HTTPRequest.SecretField(name: name, prefix: prefix, value: shared(value))
        }
        #expect(failure?.code == .invalidRequest)
    }

    @Test func refusesTwoSecrets() {
        let failure = failure("https://example/") {
            $0.bearerToken = shared("a")
            $0.secretField = HTTPRequest.SecretField(name: "X-Mine", value: shared("a"))
        }
        #expect(failure?.code == .invalidRequest)
    }

    @Test func refusesTypeWithALineEnd() {
        #expect(failure("https://example/") { $0.contentType = "a\r\nX: y" }?.code == .invalidRequest)
    }

    @Test func isToldToTheCaller() async {
        let failure = await HTTPClient().failure(HTTPRequest(.get, "http://example/"))
        #expect(failure?.code == .invalidRequest)
        #expect(failure?.mayHaveBeenSent == false)
    }
}
