import FoundationEssentials
import Testing

@testable import AzureSandbox

@Suite("Entra")
struct EntraTests {
    @Test func aTokenIsAJSONWebTokenForItsAudience() async throws {
        let scenario = Scenario()
        let answer = try await scenario.signIn(scenario.account.appId, scenario.accountSecret)
        #expect(answer.status == 200)
        #expect(answer.json?["token_type"] == "Bearer")
        #expect(answer.json?["expires_in"] == 3599)
        let parts = try #require(answer.json?["access_token"]?.text?.split(separator: "."))
        let claims = try #require(Base64URL.decode(parts[1]).flatMap(JSON.parse))
        #expect(claims["aud"]?.text == Scenario.endpoints.graph)
        #expect(claims["appid"]?.text == scenario.account.appId)
        #expect(claims["tid"]?.text == scenario.cloud.tenant)
        #expect(claims["exp"]?.whole == Int(scenario.now.timeIntervalSince1970) + 3599)
    }

    @Test(arguments: [
        (
            "grant_type=client_credentials&client_id={id}&client_secret=no&scope={scope}", 401, 7_000_215,
            "invalid_client"
        ),
        (
            "grant_type=client_credentials&client_id=nobody&client_secret=no&scope={scope}", 400, 700016,
            "unauthorized_client"
        ),
        ("grant_type=client_credentials&client_id={id}&scope={scope}", 401, 7_000_218, "invalid_client"),
        (
            "grant_type=client_credentials&client_id={id}&client_secret={secret}", 400, 900144,
            "invalid_request"
        ),
        ("client_id={id}&client_secret={secret}&scope={scope}", 400, 900144, "invalid_request"),
        (
            "grant_type=client_credentials&client_secret={secret}&scope={scope}", 400, 900144,
            "invalid_request"
        ),
        (
            "grant_type=password&client_id={id}&client_secret={secret}&scope={scope}", 400, 70003,
            "unsupported_grant_type"
        ),
        (
            "grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=a%20b", 400, 70011,
            "invalid_scope"
        ),
        (
            "grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=https://x", 400,
            1_002_012, "invalid_scope"
        ),
        (
            "grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=https://x/.default",
            400, 500011, "invalid_resource"
        ),
        (
            "grant_type=client_credentials&client_id={id}&client_assertion=e.e.e&client_assertion_type={type}"
                + "&scope={scope}", 400, 50027, "invalid_request"
        ),
        (
            "grant_type=client_credentials&client_id={id}&client_assertion=e.e.e&scope={scope}", 400, 90013,
            "invalid_request"
        ),
        ("grant_type=%", 400, 90013, "invalid_request"),
    ])
    func refusals(form: String, status: Int, code: Int, error: String) async throws {
        let scenario = Scenario()
        let filled = form.replacing("{id}", with: scenario.account.appId)
            .replacing("{secret}", with: scenario.accountSecret)
            .replacing("{type}", with: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .replacing("{scope}", with: Scenario.endpoints.graph + "/.default")
        let answer = try await scenario.call(
            "POST", "login.localhost", "/\(scenario.cloud.tenant)/oauth2/v2.0/token", form: filled)
        #expect(answer.status == status)
        #expect(answer.json?["error"]?.text == error)
        #expect(answer.json?["error_codes"] == [.integer(code)])
        let description = try #require(answer.json?["error_description"]?.text)
        #expect(description.hasPrefix("AADSTS\(code): "))
        for mark in ["Trace ID: ", "Correlation ID: ", "Timestamp: "] { #expect(description.contains(mark)) }
        #expect(answer.header("x-ms-request-id") == answer.json?["trace_id"]?.text)
        #expect(!description.contains(scenario.accountSecret))
    }

    @Test func anUnknownTenantIsRefused() async throws {
        let scenario = Scenario()
        for tenant in ["contoso.example", "common"] {
            let answer = try await scenario.signIn(
                scenario.account.appId, scenario.accountSecret, tenant: tenant)
            #expect(answer.json?["error_codes"] == [90002])
        }
    }

    @Test func theCorrelationIdIsEchoed() async throws {
        let scenario = Scenario()
        let answer = try await scenario.call(
            "POST", "login.localhost", "/\(scenario.cloud.tenant)/oauth2/v2.0/token", form: "",
            headers: [("client-request-id", "mine")])
        #expect(answer.header("client-request-id") == "mine")
        #expect(answer.json?["correlation_id"] == "mine")
    }

    @Test func aRemovedCredentialIsRefusedAtOnce() async throws {
        let scenario = Scenario()
        let new = try await scenario.addPassword()
        scenario.pass(10)
        #expect(try await scenario.signIn(scenario.clientId, new.secret).status == 200)
        _ = try await scenario.graph(
            "POST", "/applications(appId='\(scenario.clientId)')/removePassword",
            ["keyId": .string(new.keyId)])
        #expect(try await scenario.signIn(scenario.clientId, new.secret).json?["error_codes"] == [7_000_215])
    }

    @Test func anExpiredCredentialIsCalledExpired() async throws {
        let scenario = Scenario()
        let secret = try #require(scenario.cloud.clusters[0].servicePrincipal?.secret)
        scenario.pass(13 * 86_400)
        #expect(try await scenario.signIn(scenario.clientId, secret).json?["error_codes"] == [7_000_222])
    }

    @Test func discoveryNamesThisTenant() async throws {
        let scenario = Scenario()
        let answer = try await scenario.call(
            "GET", "login.localhost", "/\(scenario.cloud.tenant)/v2.0/.well-known/openid-configuration")
        let endpoint = "\(Scenario.endpoints.login)/\(scenario.cloud.tenant)/oauth2/v2.0/token"
        #expect(answer.json?["token_endpoint"]?.text == endpoint)
        let instance = try await scenario.call("GET", "login.localhost", "/common/discovery/instance")
        #expect(instance.json?["metadata"]?.elements?.count == 1)
    }

    @Test func tokensExpireAndCannotBeForged() async throws {
        let scenario = Scenario()
        let token = try await scenario.token(for: Scenario.endpoints.graph)
        func status(_ token: String?) async throws -> (Int, String?) {
            let answer = try await scenario.call("GET", "graph.localhost", "/v1.0/applications", token: token)
            return (answer.status, answer.json?["error"]?["message"]?.text)
        }
        #expect(try await status(token).0 == 200)
        #expect(try await status(nil) == (401, "Access token is empty."))
        #expect(try await status(String(token.dropLast()) + (token.hasSuffix("A") ? "B" : "A")).0 == 401)
        #expect(try await status("x").0 == 401)
        scenario.pass(3599)
        #expect(try await status(token) == (401, "Lifetime validation failed, the token is expired."))
    }
}
