import FoundationEssentials
import Testing

@testable import AzureSandbox

/// What Entra says to assertions; signatures that are good come from clients of their own (Tests/Clients).
@Suite("Client assertions")
struct AssertionTests {
    /// A token that nobody has signed.
    func assertion(_ claims: JSON, header: JSON = ["alg": "PS256", "x5t#S256": "none"]) -> String {
        [header.bytes, claims.bytes, Array("signature".utf8)].map { Base64URL.encode($0) }
            .joined(separator: ".")
    }

    func codes(_ scenario: Scenario, _ assertion: String) async throws -> [JSON]? {
        let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        let form =
            "grant_type=client_credentials&client_id=\(scenario.account.appId)"
            + "&client_assertion_type=\(type)&client_assertion=\(assertion)"
            + "&scope=\(Scenario.endpoints.graph)/.default"
        let answer = try await scenario.call(
            "POST", "login.localhost", "/\(scenario.cloud.tenant)/oauth2/v2.0/token", form: form)
        return answer.json?["error_codes"]?.elements
    }

    /// The claims of an assertion that is good but for its signature, with some of them changed.
    func claims(_ scenario: Scenario, _ changes: JSON = [:]) -> JSON {
        let now = Int(scenario.now.timeIntervalSince1970)
        let client = scenario.account.appId
        let audience = "\(Scenario.endpoints.login)/\(scenario.cloud.tenant)/oauth2/v2.0/token"
        var claims: JSON = [
            "iss": .string(client), "sub": .string(client), "aud": .string(audience),
            "nbf": .integer(now), "exp": .integer(now + 600),
        ]
        for change in changes.members ?? [] { claims = claims.with(change.name, change.value) }
        return claims
    }

    @Test func aKeyThatIsNotTheApplicationsIsRefused() async throws {
        let scenario = Scenario()
        #expect(try await codes(scenario, assertion(claims(scenario))) == [700027])
    }

    @Test(
        arguments: [
            (["sub": "somebody"], 700021), (["aud": "https://elsewhere.example"], 700023),
            (["exp": nil], 700024), (["exp": 1], 700024), (["nbf": 4_000_000_000], 700024),
            (["iss": "https://issuer.example"], 700211),
        ] as [(JSON, Int)])
    func claimsThatDoNotFitAreRefused(_ changes: JSON, _ code: Int) async throws {
        let scenario = Scenario()
        #expect(
            try await codes(scenario, assertion(claims(scenario, changes))) == [.integer(code)])
    }

    @Test func clocksMayDifferByFiveMinutes() async throws {
        let scenario = Scenario()
        let assertion = assertion(claims(scenario))
        scenario.pass(600 + 299)
        #expect(try await codes(scenario, assertion) == [700027])
        scenario.pass(2)
        #expect(try await codes(scenario, assertion) == [700024])
    }

    @Test(arguments: ["", "a.b", "e30.e30", "!.!.!", "e30.W10.e30"])
    func whatIsNoTokenIsRefused(_ text: String) async throws {
        let codes = try await codes(Scenario(), text)
        #expect(codes == (text.isEmpty ? [7_000_218] : [50027]))
    }

    // MARK: Issuers

    static let key = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDGSD6zr1yhXX1Kcdc0a0oHyLEB
        -----END PUBLIC KEY-----
        """

    @Test func anIssuerNeedsAKey() async throws {
        let scenario = Scenario()
        let wish: JSON = [
            "appId": .string(scenario.account.appId), "issuer": "https://issuer.example", "subject": "s",
            "publicKey": .string(Self.key),
        ]
        let answer = try await scenario.control("POST", "/federations", wish)
        #expect(answer.status == 400)
        #expect(answer.json?["error"] == "publicKey must be a public key in PEM")
    }
}
