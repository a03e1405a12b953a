import FoundationEssentials
import Testing

@testable import AzureSandbox

@Suite("Key Vault")
struct KeyVaultTests {
    private static let version = "?api-version=7.4"

    private func put(_ scenario: Scenario, _ name: String, _ body: JSON = ["value": "v"]) async throws
        -> WireAnswer
    {
        try await scenario.vault("PUT", "/secrets/\(name)\(Self.version)", body)
    }

    @Test func aRequestWithoutATokenIsChallenged() async throws {
        let scenario = Scenario()
        let answer = try await scenario.call("PUT", "ops.vault.localhost", "/secrets/a\(Self.version)")
        #expect(answer.status == 401)
        let challenge =
            "Bearer authorization=\"\(Scenario.endpoints.login)/\(scenario.cloud.tenant)\", "
            + "resource=\"https://vault.localhost:4433\""
        #expect(answer.header("www-authenticate") == challenge)
        let wrong = try await scenario.call(
            "GET", "ops.vault.localhost", "/secrets/a\(Self.version)",
            token: try await scenario.token(for: Scenario.endpoints.graph))
        #expect(wrong.status == 401)
        #expect(wrong.header("www-authenticate")?.hasPrefix(challenge) == true)
    }

    @Test func aSecretIsReadBackByNameAndByVersion() async throws {
        let scenario = Scenario()
        let first = try await put(
            scenario, "a",
            [
                "value": "1", "contentType": "text", "tags": ["b": "2", "a": "1"],
                "attributes": ["exp": 1_900_000_000, "nbf": 1_700_000_000],
            ])
        let id = try #require(first.json?["id"]?.text)
        #expect(id.hasPrefix("https://ops.vault.localhost:4433/secrets/a/"))
        #expect(id.split(separator: "/").last?.count == 32)
        _ = try await put(scenario, "a", ["value": "2"])
        let current = try await scenario.vault("GET", "/secrets/a/\(Self.version)")
        #expect(current.json?["value"] == "2")
        let target = String(id.dropFirst("https://ops.vault.localhost:4433".count))
        let old = try await scenario.vault("GET", target + Self.version)
        #expect(old.json == first.json)
        #expect(old.json?["attributes"]?["exp"] == 1_900_000_000)
        #expect(old.json?["tags"] == ["a": "1", "b": "2"])
    }

    @Test(arguments: ["a_b", "a.b", "ä", String(repeating: "a", count: 128)])
    func badNamesAreRefused(name: String) async throws {
        let answer = try await put(Scenario(), PercentEncoding.encode(name))
        #expect(answer.status == 400)
        #expect(answer.code == "BadParameter")
    }

    @Test(arguments: [
        #"{}"#, #"{"value":1}"#, #"{"value":"v","colour":"red"}"#, #"{"value":"v","tags":{"a":1}}"#,
        #"{"value":"v","attributes":{"exp":"soon"}}"#, #"{"value":"v","attributes":{"enabled":1}}"#,
        #"{"value":"v","attributes":{"nbf":2,"exp":1}}"#, #"{"value":null}"#, "no json",
    ])
    func badBodiesAreRefused(body: String) async throws {
        let scenario = Scenario()
        let answer = try await scenario.call(
            "PUT", "ops.vault.localhost", "/secrets/a\(Self.version)",
            token: try await scenario.token(for: Scenario.endpoints.vaultAudience), form: body)
        #expect(answer.status == 400)
        #expect(try await scenario.vault("GET", "/secrets/a\(Self.version)").status == 404)
    }

    @Test func limitsAreKept() async throws {
        let scenario = Scenario()
        func tags(_ count: Int, _ length: Int) -> JSON {
            .object(
                (0..<count).map {
                    JSON.Member(name: "t\($0)", value: .string(String(repeating: "x", count: length)))
                })
        }
        let value = String(repeating: "v", count: 25 * 1024)
        #expect(try await put(scenario, "a", ["value": .string(value)]).status == 200)
        #expect(try await put(scenario, "a", ["value": .string(value + "v")]).status == 400)
        #expect(try await put(scenario, "a", ["value": "v", "tags": tags(15, 256)]).status == 200)
        #expect(try await put(scenario, "a", ["value": "v", "tags": tags(16, 1)]).status == 400)
        #expect(try await put(scenario, "a", ["value": "v", "tags": tags(1, 257)]).status == 400)
        let type = String(repeating: "c", count: 255)
        #expect(try await put(scenario, "a", ["value": "v", "contentType": .string(type)]).status == 200)
        #expect(
            try await put(scenario, "a", ["value": "v", "contentType": .string(type + "c")]).status == 400)
    }

    @Test(arguments: ["", "?api-version=6.0", "?api-version=2020-01-01"])
    func theVersionIsChecked(query: String) async throws {
        #expect(try await Scenario().vault("GET", "/secrets\(query)").status == 400)
    }

    @Test func aDisabledVersionIsNotGiven() async throws {
        let scenario = Scenario()
        _ = try await put(scenario, "a")
        let patched = try await scenario.vault(
            "PATCH", "/secrets/a/\(Self.version)", ["attributes": ["enabled": false], "tags": ["x": "y"]])
        #expect(patched.status == 200)
        #expect(patched.json?["value"] == nil)
        #expect(patched.json?["tags"] == ["x": "y"])
        #expect(try await scenario.vault("GET", "/secrets/a\(Self.version)").status == 403)
        let valued = try await scenario.vault("PATCH", "/secrets/a\(Self.version)", ["value": "w"])
        #expect(valued.status == 400)
    }

    @Test func listsHaveNoValuesAndComeAPageAtATime() async throws {
        let scenario = Scenario()
        for name in ["c", "a", "b"] { _ = try await put(scenario, name, ["value": "canary"]) }
        _ = try await put(scenario, "a", ["value": "canary"])
        func all(_ start: String) async throws -> [String] {
            var ids: [String] = []
            var target: String? = start
            while let next = target {
                let page = try await scenario.vault("GET", next)
                #expect(!String(decoding: page.body, as: UTF8.self).contains("canary"))
                ids += page.json?["value"]?.elements?.compactMap { $0["id"]?.text } ?? []
                target = page.json?["nextLink"]?.text.map {
                    String($0.dropFirst("https://ops.vault.localhost:4433".count))
                }
            }
            return ids
        }
        let names = try await all("/secrets\(Self.version)&maxresults=2")
        #expect(names.map { $0.split(separator: "/").last } == ["a", "b", "c"])
        let versions = try await all("/secrets/a/versions\(Self.version)&maxresults=1")
        #expect(Set(versions).count == 2)
        #expect(try await scenario.vault("GET", "/secrets\(Self.version)&maxresults=26").status == 400)
    }

    @Test func softDeletion() async throws {
        let scenario = Scenario()
        _ = try await put(scenario, "a")
        let deleted = try await scenario.vault("DELETE", "/secrets/a\(Self.version)")
        #expect(deleted.json?["recoveryId"] == "https://ops.vault.localhost:4433/deletedsecrets/a")
        #expect(try await scenario.vault("GET", "/secrets/a\(Self.version)").code == "SecretNotFound")
        let conflict = try await put(scenario, "a")
        #expect(conflict.status == 409)
        #expect(conflict.json?["error"]?["innererror"]?["code"] == "ObjectIsDeletedButRecoverable")
        let list = try await scenario.vault("GET", "/deletedsecrets\(Self.version)")
        #expect(list.json?["value"]?.elements?.count == 1)
        let recover = "/deletedsecrets/a/recover\(Self.version)"
        #expect(try await scenario.vault("POST", recover).status == 200)
        let again = try await scenario.vault("POST", recover)
        #expect(again.status == 400)
        #expect(again.json?["error"]?["innererror"]?["code"] == "RequestNotAllowedOnNonDeletedObject")
        _ = try await scenario.vault("DELETE", "/secrets/a\(Self.version)")
        #expect(try await scenario.vault("DELETE", "/deletedsecrets/a\(Self.version)").status == 204)
        #expect(try await put(scenario, "a").status == 200)
    }

    @Test func anUnknownVaultAndDeniedRights() async throws {
        let scenario = Scenario()
        let other = try await scenario.call("GET", "other.vault.localhost", "/secrets\(Self.version)")
        #expect(other.status == 404)
        _ = try await scenario.control("POST", "/rights", ["deny": ["vault.set"]])
        let denied = try await put(scenario, "a")
        #expect(denied.status == 403)
        #expect(denied.json?["error"]?["innererror"]?["code"] == "ForbiddenByRbac")
    }
}
