import FoundationEssentials
import Testing

@testable import HTTP

@Suite("TLS")
struct TLSTests {
    /// A file that is no PEM.
    private static let noPEM = #filePath

    private func client(_ authority: String?, _ environment: [String: String] = [:]) -> HTTPClient {
        HTTPClient(HTTPClient.Options(certificateAuthorities: authority, environment: environment))
    }

    private func failure(
        _ server: TLSServer, _ authority: String?, _ environment: [String: String] = [:],
        host: String = "localhost"
    ) async -> HTTPError? {
        let client = client(authority, environment)
        let failure = await client.failure(HTTPRequest(.post, "https://\(host):\(server.port)/"))
        await client.close()
        return failure
    }

    @Test func trustsAnAdditionalAuthority() async throws {
        let server = try TLSServer()
        defer { server.stop() }
        let client = client(server.authority)
        for host in ["localhost", "127.0.0.1", "ops.vault.localhost"] {
            let received = try await client.text(HTTPRequest(.get, "https://\(host):\(server.port)/"))
            #expect(received.status == 200)
            #expect(received.body.count == 48)
        }
        await client.close()
    }

    @Test func refusesAnUnknownAuthority() async throws {
        let server = try TLSServer()
        defer { server.stop() }
        for authority in [nil, server.otherAuthority] {
            let failure = try #require(await failure(server, authority))
            #expect(failure.code == .tls)
            #expect(!failure.mayHaveBeenSent)
            #expect(failure.hint?.contains("certificateAuthorities") == true)
        }
    }

    @Test(arguments: ["127.0.0.1", "other.localhost", "a.b.vault.localhost"])
    func refusesAnotherName(_ host: String) async throws {
        let server = try TLSServer(names: "DNS:localhost,DNS:*.vault.localhost")
        defer { server.stop() }
        #expect(await failure(server, server.authority) == nil)
        let failure = try #require(await failure(server, server.authority, host: host))
        #expect(failure.code == .tls)
        #expect(!failure.mayHaveBeenSent)
    }

    @Test func aServerWithoutTLS() async throws {
        let server = TestServer { peer in
            peer.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            peer.waitForEnd()
        }
        defer { server.stop() }
        let client = client(nil)
        let failure = try #require(
            await client.failure(HTTPRequest(.post, "https://localhost:\(server.port)/")))
        #expect(failure.code == .tls)
        #expect(!failure.mayHaveBeenSent)
        await client.close()
    }

    @Test func anAnswerThatIsCutShortIsNone() async throws {
        let server = try TLSServer()
        defer { server.stop() }
        let client = client(server.authority)
        let whole = try await client.text(HTTPRequest(.get, "https://localhost:\(server.port)/closed"))
        #expect(whole.body == "all of it")
        let failure = try #require(
            await client.failure(HTTPRequest(.get, "https://localhost:\(server.port)/cut")))
        #expect(failure.code == .connectionLost)
        #expect(failure.mayHaveBeenSent)
        await client.close()
    }

    // MARK: Where authorities come from

    /// The file and the directory both count, whichever of them is the system's.
    @Test func additionalAndSystemAuthoritiesCountTogether() async throws {
        let (server, system) = (try TLSServer(), try TLSServer())
        defer {
            server.stop()
            system.stop()
        }
        let hashed = system.folder + "/hashed"
        try FileManager.default.createDirectory(atPath: hashed, withIntermediateDirectories: false)
        try FileManager.default.copyItem(atPath: system.authority, toPath: hashed + "/authority.pem")
        try run(["openssl", "rehash", hashed])
        for environment in [["SSL_CERT_DIR": hashed], ["SSL_CERT_FILE": system.authority]] {
            #expect(await failure(server, server.authority, environment) == nil)
            #expect(await failure(system, server.authority, environment) == nil)
            #expect(await failure(system, nil, environment) == nil)
            #expect(await failure(server, nil, environment)?.code == .tls)
        }
    }

    @Test func theSystemsDirectoryIsUsedBesideAnAdditionalFile() {
        let trust = Trust(additional: nil, environment: [:])
        #expect(trust.directory != nil || !trust.files.isEmpty)
        let more = Trust(additional: Self.noPEM, environment: [:])
        #expect(more.directory == trust.directory)
        #expect(more.files == trust.files + [Self.noPEM])
        #expect(more.problem == nil)
    }

    @Test func aFileThatIsMissingOrNoPEM() async throws {
        let server = try TLSServer()
        defer { server.stop() }
        let missing = server.folder + "/missing.pem"
        for (authority, environment) in [
            (missing, [:]), (server.authority, ["SSL_CERT_FILE": missing]), (Self.noPEM, [:]),
        ] as [(String, [String: String])] {
            let failure = try #require(await failure(server, authority, environment))
            #expect(failure.code == .tls)
            #expect(!failure.mayHaveBeenSent)
            #expect(failure.description.contains(authority == Self.noPEM ? authority : missing))
        }
    }
}
