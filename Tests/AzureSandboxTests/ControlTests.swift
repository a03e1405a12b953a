import FoundationEssentials
import Testing

@testable import AzureSandbox

@Suite("The control interface")
struct ControlTests {
    @Test func itWantsItsToken() async throws {
        let scenario = Scenario()
        let answer = try await scenario.call("GET", "localhost", "/control/state", token: "wrong")
        #expect(answer.status == 401)
        #expect(try await scenario.call("GET", "localhost", "/other").status == 404)
        #expect(try await scenario.call("GET", "example.com", "/").status == 404)
    }

    @Test func theStateShowsWhichCredentialsAreAccepted() async throws {
        let scenario = Scenario()
        let new = try await scenario.addPassword()
        func accepted() async throws -> [String: Bool] {
            let state = try await scenario.control("GET", "/state")
            let application = state.json?["applications"]?.elements?
                .first { $0["appId"]?.text == scenario.clientId }
            return Dictionary(
                uniqueKeysWithValues: (application?["credentials"]?.elements ?? [])
                    .map { ($0["keyId"]?.text ?? "", $0["accepted"]?.flag ?? false) })
        }
        #expect(try await accepted()[new.keyId] == false)
        scenario.pass(3)
        let later = try await accepted()
        #expect(later.count == 2)
        #expect(later.values.allSatisfy { $0 })
    }

    @Test func removingWhatAClusterHoldsIsReported() async throws {
        let scenario = Scenario()
        let state = try await scenario.control("GET", "/state")
        let keyId = state.json?["applications"]?.elements?.last?["credentials"]?.elements?.first?["keyId"]
        #expect(try await scenario.control("GET", "/violations").json == [])
        _ = try await scenario.graph(
            "POST", "/applications(appId='\(scenario.clientId)')/removePassword", ["keyId": keyId ?? .null])
        let violations = try await scenario.control("GET", "/violations").json?.elements
        #expect(violations?.map { $0["cluster"] } == ["demo"])
    }

    @Test func clustersComeAndGo() async throws {
        let scenario = Scenario()
        let shared = try await scenario.control(
            "POST", "/clusters",
            ["name": "second", "clientId": .string(scenario.clientId), "resourceGroup": "rg-other"])
        #expect(shared.status == 201)
        #expect(shared.json?["secret"]?.text == scenario.cloud.clusters[0].servicePrincipal?.secret)
        let shown = try await scenario.arm(
            "GET", scenario.path(of: "second").replacing("rg-demo", with: "rg-other"))
        #expect(shown.status == 200)
        #expect(try await scenario.control("POST", "/clusters", ["name": "second"]).status == 409)
        #expect(try await scenario.control("POST", "/clusters", ["name": "x", "kind": "odd"]).status == 400)
        #expect(try await scenario.control("POST", "/clusters", ["name": "x", "aad": "odd"]).status == 400)
        #expect(try await scenario.control("DELETE", "/clusters/second").status == 204)
        #expect(try await scenario.control("DELETE", "/clusters/second").status == 404)
    }

    @Test(arguments: [
        ("/rights", #"{"deny":["arm.rest"]}"#), ("/rights", "{}"), ("/clusters", #"{"name":"x","knd":"y"}"#),
        ("/clusters", #"{"name":1}"#), ("/clusters", #"{"name":"a/b"}"#), ("/applications", "{}"),
        ("/vaults", #"{"name":"a b"}"#),
        ("/faults", #"{"times":"1","effect":{"hang":true}}"#), ("/settings", "[]"), ("/clusters", "no json"),
    ])
    func typingErrorsDoNotPassInSilence(path: String, body: String) async throws {
        let scenario = Scenario()
        let answer = try await scenario.call(
            "POST", "localhost", "/control\(path)", token: Scenario.controlToken, form: body)
        #expect(answer.status == 400)
        #expect(answer.json?["error"]?.text?.isEmpty == false)
    }

    @Test func vaultsAreAdded() async throws {
        let scenario = Scenario()
        #expect(try await scenario.control("POST", "/vaults", ["name": "Other"]).status == 201)
        #expect(try await scenario.control("POST", "/vaults", ["name": "other"]).status == 409)
        let answer = try await scenario.call(
            "GET", "other.vault.localhost", "/secrets?api-version=7.4",
            token: try await scenario.token(for: Scenario.endpoints.vaultAudience))
        #expect(answer.status == 200)
    }

    @Test func settingsAreCheckedBeforeAnyIsChanged() async throws {
        let scenario = Scenario()
        for bad: JSON in [
            ["propagation": 1, "colour": "red"], ["propagation": "1"], ["propagation": -1], ["pageSize": 0],
        ] {
            #expect(try await scenario.control("POST", "/settings", bad).status == 400)
        }
        let settings = try await scenario.control("GET", "/settings")
        #expect(settings.json?["propagation"]?.decimal == 3)
        let changed = try await scenario.control("POST", "/settings", ["propagation": 0, "retryAfter": nil])
        #expect(changed.json?["propagation"]?.decimal == 0)
    }

    @Test func exchangesAreRecordedInOrder() async throws {
        let scenario = Scenario()
        let request = try #require(
            WireRequest(
                method: "GET", authority: "graph.localhost:4433", target: "/v1.0/applications",
                headers: [("host", "graph.localhost:4433")]))
        for _ in 0..<3 {
            let answer = await scenario.sandbox.answer(request, at: scenario.now)
            await scenario.sandbox.record(request, .answered(answer), at: scenario.now)
        }
        await scenario.sandbox.record(request, .dropped("after"), at: scenario.now)
        let exchanges = try #require(try await scenario.control("GET", "/exchanges").json?.elements)
        #expect(exchanges.compactMap { $0["n"]?.whole } == [1, 2, 3, 4])
        #expect(exchanges[0]["status"] == 401)
        #expect(exchanges[0]["service"] == "graph")
        #expect(exchanges[0]["url"] == "https://graph.localhost:4433/v1.0/applications")
        #expect(exchanges[3]["status"] == .null)
        #expect(exchanges[3]["dropped"] == "after")
        #expect(try await scenario.control("DELETE", "/exchanges").status == 204)
        #expect(try await scenario.control("GET", "/exchanges").json == [])
    }
}

@Suite("Faults")
struct FaultTests {
    private func request(_ target: String = "/v1.0/applications/x/addPassword", method: String = "POST")
        throws
        -> WireRequest
    {
        try #require(WireRequest(method: method, authority: "graph.localhost", target: target))
    }

    private func list(_ texts: String...) throws -> FaultList {
        var list = FaultList()
        for text in texts { list.add(try Fault(try #require(JSON.parse(Array(text.utf8))))) }
        return list
    }

    @Test func aFaultHappensAsOftenAsItIsTold() throws {
        var list = try list(
            #"{"service":"graph","pathContains":"addPassword","times":2,"effect":{"drop":"after"}}"#)
        for expected in [true, true, false] {
            var happened = false
            if case .drop(handled: true)? = list.effect(on: try request(), to: .graph) { happened = true }
            #expect(happened == expected)
        }
    }

    @Test func aFaultWaitsForItsTurn() throws {
        var list = try list(#"{"after":2,"effect":{"hang":true}}"#)
        let effects = try (0..<4).map { _ in list.effect(on: try request(), to: .graph) != nil }
        #expect(effects == [false, false, true, false])
    }

    @Test func aFaultForEver() throws {
        var list = try list(#"{"times":null,"effect":{"delay":0.5}}"#)
        for _ in 0..<100 { #expect(list.effect(on: try request(), to: .graph) != nil) }
    }

    @Test func onlyWhatMatchesIsBefallen() throws {
        var list = try list(
            #"{"service":"graph","method":"POST","pathContains":"add","times":null,"effect":{"hang":true}}"#)
        #expect(list.effect(on: try request(), to: .arm) == nil)
        #expect(list.effect(on: try request(method: "GET"), to: .graph) == nil)
        #expect(list.effect(on: try request("/v1.0/applications"), to: .graph) == nil)
        #expect(list.effect(on: try request(), to: .graph) != nil)
    }

    @Test func oneClientsSignInIsToldFromAnothers() throws {
        var list = try list(#"{"service":"login","bodyContains":"client_id=b","effect":{"hang":"after"}}"#)
        func befallen(_ client: String) throws -> Bool {
            let request = try #require(
                WireRequest(
                    method: "POST", authority: "login.localhost", target: "/t/oauth2/v2.0/token",
                    body: Array("grant_type=client_credentials&client_id=\(client)".utf8)))
            if case .hang(handled: true)? = list.effect(on: request, to: .login) { return true }
            return false
        }
        #expect(try !befallen("a"))
        #expect(try befallen("b"))
    }

    @Test func theFirstThatMatchesWins() throws {
        var list = try list(#"{"effect":{"status":429}}"#, #"{"effect":{"status":503}}"#)
        let statuses = try (0..<3).map { _ in
            if case .answer(let answer)? = list.effect(on: try request(), to: .graph) {
                answer.status
            } else {
                0
            }
        }
        #expect(statuses == [429, 503, 0])
    }

    @Test func anAnswerCarriesItsHeadersAndBody() throws {
        var list = try list(
            #"{"effect":{"status":503,"headers":{"Retry-After":2,"Content-Type":"text/html"},"body":"<html>"}}"#
        )
        guard case .answer(let answer)? = list.effect(on: try request(), to: .graph) else {
            Issue.record("no answer")
            return
        }
        #expect(answer.header("retry-after") == "2")
        #expect(answer.header("content-type") == "text/html")
        #expect(String(decoding: answer.body, as: UTF8.self) == "<html>")
    }

    @Test(arguments: [
        "{}", #"{"effect":{}}"#, #"{"effect":{"drop":"never"}}"#, #"{"effect":{"status":99}}"#,
        #"{"service":"mail","effect":{"hang":true}}"#, #"{"colour":"red","effect":{"hang":true}}"#,
    ])
    func badFaultsAreRefused(text: String) throws {
        let json = try #require(JSON.parse(Array(text.utf8)))
        #expect(throws: ControlError.self) { try Fault(json) }
    }
}
