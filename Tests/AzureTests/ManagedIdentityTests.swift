import FoundationEssentials
import HTTP
import SecretMemory
import Testing

@testable import Azure

@Suite("Managed identity")
struct ManagedIdentityTests {
    /// Which host an environment describes, in a word.
    static func host(_ environment: [String: String]) -> String {
        switch ManagedIdentityHost(environment: environment, secret: { environment[$0].map(shared) }) {
        case .appService(let endpoint, _): "app service \(endpoint)"
        case .serviceFabric: "service fabric"
        case .arc(let endpoint): "arc \(endpoint)"
        case .machineLearning(let endpoint, _): "machine learning \(endpoint)"
        case .cloudShell(let endpoint): "cloud shell \(endpoint)"
        case .virtualMachine(let endpoint, let isCertain): "machine \(endpoint) \(isCertain)"
        }
    }

    @Test(arguments: [
        ([:], "machine http://169.254.169.254 false"),
        (["IDENTITY_ENDPOINT": "e", "IDENTITY_HEADER": "h"], "app service e"),
        (["IDENTITY_ENDPOINT": "e", "IDENTITY_HEADER": "h", "MSI_ENDPOINT": "m"], "app service e"),
        (["IDENTITY_ENDPOINT": "e", "IDENTITY_HEADER": "h", "IMDS_ENDPOINT": "i"], "app service e"),
        (
            ["IDENTITY_ENDPOINT": "e", "IDENTITY_HEADER": "h", "IDENTITY_SERVER_THUMBPRINT": "t"],
            "service fabric"
        ),
        (["IDENTITY_ENDPOINT": "e", "IMDS_ENDPOINT": "i"], "arc e"),
        (["IDENTITY_ENDPOINT": "e", "IDENTITY_HEADER": "", "IMDS_ENDPOINT": "i"], "arc e"),
        (["MSI_ENDPOINT": "m", "MSI_SECRET": "s"], "machine learning m"),
        (["MSI_ENDPOINT": "m"], "cloud shell m"),
        (["MSI_ENDPOINT": ""], "machine http://169.254.169.254 false"),
        (["AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1/"], "machine http://127.0.0.1:1 true"),
    ])
    func theEnvironmentTellsTheHost(_ environment: [String: String], _ expected: String) {
        #expect(Self.host(environment) == expected)
    }

    // MARK: Looking for the metadata service

    func check(_ endpoint: String, isCertain: Bool = false) async -> AzureError? {
        let signIn = ManagedIdentitySignIn(
            .virtualMachine(endpoint: endpoint, isCertain: isCertain), identity: nil, client: HTTPClient())
        do throws(AzureError) {
            try await signIn.check()
            return nil
        } catch {
            return error
        }
    }

    @Test func whereNobodyAnswersThereIsNone() async {
        let failure = await check("http://127.0.0.1:9")
        #expect(failure?.code == .notOffered)
        #expect(failure?.message.contains("http://127.0.0.1:9") == true)
    }

    @Test func whereTheEnvironmentNamesOneNobodyIsAsked() async {
        #expect(await check("http://127.0.0.1:9", isCertain: true) == nil)
    }

    @Test(arguments: [
        ("400 Bad Request", true), ("200 OK", true), ("404 Not Found", true), ("403 Forbidden", false),
    ])
    func anAnswerWillDo(_ status: String, _ isThere: Bool) async {
        let server = TestServer.answering { _ in answer(status) }
        defer { server.stop() }
        #expect((await check(server.url)?.code == nil) == isThere)
        #expect(server.requests.first?.field("Metadata") == nil)
    }

    @Test func whatDoesNotAnswerInASecondIsNotThere() async {
        let server = TestServer { $0.waitForEnd() }
        defer { server.stop() }
        #expect(await check(server.url)?.code == .notOffered)
    }

    // MARK: Answers

    @Test(arguments: [
        (#"{"access_token":"t","expires_in":"3599"}"#, 3599.0),
        (#"{"access_token":"t","expires_in":3599}"#, 3599),
        (#"{"access_token":"t","expires_on":"4000000000"}"#, nil),
        (#"{"access_token":"t","expires_on":4000000000,"expires_in":"1"}"#, nil),
    ])
    func momentsAreNumbersOrStrings(_ body: String, _ seconds: Double?) async throws {
        let server = TestServer.answering { _ in answer(body: body) }
        defer { server.stop() }
        let signIn = ManagedIdentitySignIn(
            .virtualMachine(endpoint: server.url, isCertain: true), identity: nil, client: HTTPClient())
        let token = try await signIn.acquire("https://a.example/")
        #expect(text(token.secret) == "t")
        if let seconds {
            #expect(abs(token.expiresAt.timeIntervalSinceNow - seconds) < 60)
        } else {
            #expect(token.expiresAt == Date(timeIntervalSince1970: 4_000_000_000))
        }
        #expect(server.requests.first?.line.contains("resource=https%3A%2F%2Fa.example ") == true)
    }

    @Test(arguments: [
        "{}", #"{"access_token":"secret-token"}"#, #"{"access_token":"secret-token","expires_in":"soon"}"#,
    ])
    func anAnswerThatSaysTooLittleIsRefused(_ body: String) async {
        let server = TestServer.answering { _ in answer(body: body) }
        defer { server.stop() }
        let signIn = ManagedIdentitySignIn(
            .cloudShell(endpoint: server.url), identity: nil, client: HTTPClient())
        let failure = await signIn.failure()
        #expect(failure?.code == .malformed)
        #expect(failure?.description.contains("secret-token") == false)
    }
}

@Suite("Azure Arc")
struct ArcTests {
    /// An agent that wants to see the content of a file of its folder.
    final class Agent {
        let folder: String
        let server: TestServer

        init(key: String, answering body: String) throws {
            let folder = FileManager.default.temporaryDirectory.path + "/arc-\(UUID())"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(key.utf8).write(to: URL(filePath: "\(folder)/challenge.key"))
            server = TestServer.answering { request in
                guard request.field("Authorization") != nil else {
                    return answer(
                        "401 Unauthorized", ["WWW-Authenticate: Basic realm=\(folder)/challenge.key"])
                }
                guard request.field("Authorization") == "Basic key-of-the-agent" else {
                    return answer("401 Unauthorized", body: #"{"error":"unauthorized_client"}"#)
                }
                return answer(body: body)
            }
            self.folder = folder
        }

        deinit {
            server.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }

        /// Signs in; the agent stays for as long as that takes.
        func token() async throws(AzureError) -> AccessToken {
            try await signIn(identity: nil).acquire("https://a.example")
        }

        /// The error that signing in ends in.
        func failure(identity: String? = nil) async -> AzureError? {
            await signIn(identity: identity).failure()
        }

        private func signIn(identity: String?) -> ManagedIdentitySignIn {
            ManagedIdentitySignIn(
                .arc(endpoint: server.url), identity: identity, client: HTTPClient(), arcTokens: folder)
        }
    }

    static let token = #"{"access_token":"t","expires_on":"4000000000","client_id":"ID"}"#

    @Test func theFileIsShown() async throws {
        let agent = try Agent(key: "key-of-the-agent\n", answering: Self.token)
        #expect(text(try await agent.token().secret) == "t")
        #expect(agent.server.requests.count == 2)
        #expect(agent.server.requests.allSatisfy { $0.field("Metadata") == "true" })
    }

    @Test func anIdentityHasToBeTheOneThatWasAskedFor() async throws {
        let agent = try Agent(key: "key-of-the-agent", answering: Self.token)
        #expect(await agent.failure(identity: "id") == nil)
        let failure = await agent.failure(identity: "other")
        #expect(failure?.code == .signIn)
        #expect(failure?.message.contains("another identity") == true)
    }

    @Test func aWrongKeyIsNotShownInTheError() async throws {
        let agent = try Agent(key: "another-key", answering: Self.token)
        let failure = await agent.failure()
        #expect(failure?.code == .signIn)
        #expect(failure?.description.contains("another-key") == false)
    }

    @Test func aFileThatIsTooLargeIsRefused() async throws {
        let agent = try Agent(key: String(repeating: "k", count: 4_097), answering: Self.token)
        #expect(await agent.failure()?.message.contains("larger") == true)
        #expect(agent.server.requests.count == 1)
    }
}
