import Testing

@testable import AzureSandbox

@Suite("The wire")
struct WireTests {
    @Test func aTargetIsTakenApart() throws {
        let request = try #require(
            WireRequest(
                method: "GET", authority: "Graph.LOCALHOST:4433",
                target: "/v1.0/applications(appId='a%20b')?$filter=x%20eq+'y'&empty&$top=2",
                headers: [("Authorization", "bearer abc")]))
        #expect(request.host == "graph.localhost")
        #expect(request.path == ["v1.0", "applications(appId='a b')"])
        #expect(request.parameter("$filter") == "x eq 'y'")
        #expect(request.parameter("EMPTY") == "")
        #expect(request.bearer == "abc")
    }

    @Test(arguments: ["", "v1.0", "/%", "/%zz", "/%ff", "/a?b=%1"])
    func malformedTargets(target: String) {
        #expect(WireRequest(method: "GET", authority: "localhost", target: target) == nil)
    }

    @Test(arguments: ["", "a", "é~ +/%", "a-b._~", "🙂"])
    func percentEncodingGoesBothWays(text: String) {
        #expect(PercentEncoding.decode(PercentEncoding.encode(text)) == text)
    }

    @Test(arguments: 0..<20)
    func base64URLGoesBothWays(count: Int) {
        let bytes = Random.bytes(count)
        #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
    }

    @Test func base64URLIsRFC4648s() {
        #expect(Base64URL.encode(Array("fooba".utf8)) == "Zm9vYmE")
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
        #expect(Base64URL.decode("a+b") == nil)
    }

    @Test func jsonKeepsItsOrderAndEscapes() {
        let json: JSON = ["b": [1, 2.5, true, nil], "a": "\"\\\n\u{1}é"]
        #expect(
            String(decoding: json.bytes, as: UTF8.self) == #"{"b":[1,2.5,true,null],"a":"\"\\\n\u0001é"}"#)
        #expect(JSON.parse(json.bytes)?["a"]?.text == "\"\\\n\u{1}é")
        #expect(JSON.parse(Array("{".utf8)) == nil)
    }

    @Test func secretsLookLikeEntras() {
        let secret = Random.secret()
        #expect(secret.utf8.count == 40)
        #expect(secret.dropFirst(3).hasPrefix("8Q~"))
        #expect(secret != Random.secret())
        #expect(Random.secretWithBadCharacter().contains("`"))
    }

    @Test func hostsNameServices() {
        #expect(Endpoints.service(host: "ops.vault.localhost")?.vault == "ops")
        #expect(Endpoints.service(host: "management.localhost")?.service == .arm)
        #expect(Endpoints.service(host: "vault.localhost") == nil)
        #expect(Endpoints.service(host: "a.b.vault.localhost") == nil)
        #expect(Endpoints.service(host: "graph.microsoft.com") == nil)
    }
}
