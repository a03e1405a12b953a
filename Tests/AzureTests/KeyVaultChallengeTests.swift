import Testing

@testable import Azure

@Suite("What a vault asks for")
struct KeyVaultChallengeTests {
    static let vault = "https://ops.vault.azure.net"

    @Test(arguments: [
        #"Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net""#,
        #"Bearer authorization="https://login.windows.net/t", resource="https://vault.azure.net/""#,
        #"bearer authorization_uri="https://login.microsoftonline.com/t",scope="https://vault.azure.net/.default""#,
        #"Bearer resource="https://VAULT.azure.net",  authorization="https://login.microsoftonline.com/t""#,
    ])
    func isItsOwn(header: String) throws {
        let challenge = try #require(KeyVaultChallenge(header))
        #expect(challenge.objection(Self.vault, .publicCloud) == nil)
    }

    @Test(arguments: [
        ("https://login.microsoftonline.com/t", "https://management.azure.com", "management.azure.com"),
        ("https://login.microsoftonline.com/t", "https://graph.microsoft.com", "graph.microsoft.com"),
        ("https://login.microsoftonline.com/t", "https://evil.example", "evil.example"),
        ("https://login.microsoftonline.com/t", "https://evilvault.azure.net", "evilvault.azure.net"),
        ("https://login.microsoftonline.com/t", "vault.azure.net", "vault.azure.net"),
        ("https://evil.example/t", "https://vault.azure.net", "evil.example"),
        ("http://login.microsoftonline.com/t", "https://vault.azure.net", "http://login"),
        ("https://login.microsoftonline.com@evil.example/t", "https://vault.azure.net", "evil.example"),
        ("https://login.microsoftonline.us/t", "https://vault.azure.net", "login.microsoftonline.us"),
    ])
    func isForeign(authorization: String, resource: String, says: String) throws {
        let header = #"Bearer authorization="\#(authorization)", resource="\#(resource)""#
        let challenge = try #require(KeyVaultChallenge(header))
        #expect(challenge.objection(Self.vault, .publicCloud)?.contains(says) == true)
    }

    @Test(arguments: [
        "", "Bearer", "Basic realm=x", "Bearer realm=\"x\"", "Bearer authorization=\"https://a\"",
        "PoP authorization=\"https://a\", resource=\"https://b\"", "Bearer x",
    ])
    func isNone(header: String) {
        #expect(KeyVaultChallenge(header) == nil)
    }
}
