import FoundationEssentials
import Testing

@testable import AzureSandbox

@Suite("Graph")
struct GraphTests {
    @Test func anApplicationIsFoundInEveryWay() async throws {
        let scenario = Scenario()
        let appId = scenario.clientId
        let direct = try await scenario.graph("GET", "/applications(appId='\(appId)')")
        let id = try #require(direct.json?["id"]?.text)
        #expect(direct.json?["appId"]?.text == appId)
        #expect(try await scenario.graph("GET", "/applications/\(id)").json?["appId"]?.text == appId)
        for filter in [
            "appId eq '\(appId)'", "appId in ('x', '\(appId)')", "displayName eq 'demo-sp'",
            "startswith(displayName,'DEMO')", "id eq '\(id)' and displayName eq 'demo-sp'",
        ] {
            let list = try await scenario.graph(
                "GET", "/applications?$filter=\(PercentEncoding.encode(filter))")
            #expect(list.json?["value"]?.elements?.map { $0["id"]?.text } == [id], "\(filter)")
        }
        let any = "servicePrincipalNames/any(c:c eq '\(appId)')"
        let principals = try await scenario.graph(
            "GET", "/servicePrincipals?$filter=\(PercentEncoding.encode(any))")
        #expect(principals.json?["value"]?.elements?.map { $0["appId"]?.text } == [appId])
    }

    @Test(arguments: [
        "appId gt 'x'", "appId eq x", "appId eq 'x' or appId eq 'y'", "appId eq 'x", "length(appId)",
    ])
    func filtersThatAreNotUnderstoodAreRefused(filter: String) async throws {
        let answer = try await Scenario().graph(
            "GET", "/applications?$filter=\(PercentEncoding.encode(filter))")
        #expect(answer.status == 400)
        #expect(answer.code == "Request_BadRequest")
    }

    @Test(arguments: [
        "$select=bogus", "$filter=bogus%20eq%20'x'", "$bogus=1", "$top=0", "$top=x", "$skiptoken=!",
    ])
    func queriesThatAreNotUnderstoodAreRefused(query: String) async throws {
        let answer = try await Scenario().graph("GET", "/applications?\(query)")
        #expect(answer.status == 400)
    }

    @Test func aQuoteInAFilterIsDoubled() async throws {
        let scenario = Scenario()
        _ = try await scenario.graph("POST", "/applications", ["displayName": "it's"])
        let filter = PercentEncoding.encode("displayName eq 'it''s'")
        let list = try await scenario.graph("GET", "/applications?$filter=\(filter)")
        #expect(list.json?["value"]?.elements?.count == 1)
    }

    @Test func listsComeAPageAtATime() async throws {
        let scenario = Scenario(clusters: 5)
        var names: [String] = []
        var target: String? = "/applications?$top=2&$select=displayName"
        while let next = target {
            let page = try await scenario.graph("GET", next)
            let value = try #require(page.json?["value"]?.elements)
            #expect(value.count <= 2)
            for entry in value { #expect(entry.members?.map(\.name) == ["displayName"]) }
            names += value.compactMap { $0["displayName"]?.text }
            target = page.json?["@odata.nextLink"]?.text
                .map { String($0.dropFirst((Scenario.endpoints.graph + "/v1.0").count)) }
        }
        #expect(names == ["operator", "demo-sp", "demo-2-sp", "demo-3-sp", "demo-4-sp", "demo-5-sp"])
    }

    @Test func theSecretIsShownOnceAndNeverAgain() async throws {
        let scenario = Scenario()
        let answer = try await scenario.graph(
            "POST", "/applications(appId='\(scenario.clientId)')/addPassword",
            ["passwordCredential": ["displayName": "d", "endDateTime": "2027-05-01T00:00:00.1234567Z"]])
        #expect(answer.status == 200)
        let secret = try #require(answer.json?["secretText"]?.text)
        #expect(secret.utf8.count == 40)
        #expect(answer.json?["hint"]?.text == String(secret.prefix(3)))
        #expect(answer.json?["endDateTime"] == "2027-05-01T00:00:00Z")
        let read = try await scenario.graph("GET", "/applications(appId='\(scenario.clientId)')")
        #expect(read.json?["passwordCredentials"]?.elements?.count == 2)
        #expect(read.json?["passwordCredentials"]?.elements?.last?["secretText"] == .null)
        #expect(!String(decoding: read.body, as: UTF8.self).contains(secret))
    }

    @Test func withoutABodyTheCredentialLastsTwoYears() async throws {
        let scenario = Scenario()
        let answer = try await scenario.graph(
            "POST", "/applications(appId='\(scenario.clientId)')/addPassword")
        #expect(answer.json?["startDateTime"] == "2027-01-15T08:00:00Z")
        #expect(answer.json?["endDateTime"] == "2029-01-15T08:00:00Z")
        #expect(answer.json?["displayName"] == .null)
    }

    @Test(arguments: [
        #"{"passwordCredential":{"colour":"red"}}"#, #"{"colour":"red"}"#, #"[]"#, "nothing",
        #"{"passwordCredential":{"displayName":1}}"#, #"{"passwordCredential":{"endDateTime":"soon"}}"#,
        #"{"passwordCredential":{"startDateTime":"2028-01-01T00:00:00Z","endDateTime":"2027-06-01T00:00:00Z"}}"#,
        #"{"passwordCredential":{"endDateTime":"2020-01-01T00:00:00Z"}}"#,
    ])
    func badCredentialsAreRefused(body: String) async throws {
        let scenario = Scenario()
        let answer = try await scenario.call(
            "POST", "graph.localhost", "/v1.0/applications(appId='\(scenario.clientId)')/addPassword",
            token: try await scenario.token(for: Scenario.endpoints.graph), form: body)
        #expect(answer.status == 400)
        let read = try await scenario.graph("GET", "/applications(appId='\(scenario.clientId)')")
        #expect(read.json?["passwordCredentials"]?.elements?.count == 1)
    }

    @Test func applicationsAndServicePrincipalsHaveSeparateCredentials() async throws {
        let scenario = Scenario()
        let added = try await scenario.graph(
            "POST", "/servicePrincipals(appId='\(scenario.clientId)')/addPassword")
        let keyId = try #require(added.json?["keyId"])
        let application = try await scenario.graph("GET", "/applications(appId='\(scenario.clientId)')")
        let keys = application.json?["passwordCredentials"]?.elements?.map { $0["keyId"] }
        #expect(keys?.contains(keyId) == false)
        let wrong = try await scenario.graph(
            "POST", "/applications(appId='\(scenario.clientId)')/removePassword", ["keyId": keyId])
        #expect(wrong.status == 400)
        #expect(wrong.json?["error"]?["message"] == "No password credential found with keyId.")
        let right = try await scenario.graph(
            "POST", "/servicePrincipals(appId='\(scenario.clientId)')/removePassword", ["keyId": keyId])
        #expect(right.status == 204)
    }

    @Test func credentialsCannotBePatched() async throws {
        let scenario = Scenario()
        let target = "/applications(appId='\(scenario.clientId)')"
        let read = try await scenario.graph("GET", target)
        let answer = try await scenario.graph(
            "PATCH", target, ["passwordCredentials": read.json?["passwordCredentials"] ?? .null])
        #expect(answer.status == 400)
        #expect(try await scenario.graph("PATCH", target, ["passwordCredentials": []]).status == 400)
        #expect(try await scenario.graph("PATCH", target, ["displayName": "renamed"]).status == 204)
        #expect(try await scenario.graph("GET", target).json?["displayName"] == "renamed")
    }

    @Test func aNewIdentityIsMadeInTwoSteps() async throws {
        let scenario = Scenario()
        let made = try await scenario.graph(
            "POST", "/applications", ["displayName": "new", "keyCredentials": []])
        #expect(made.status == 201)
        let appId = try #require(made.json?["appId"])
        let body: JSON = ["appId": appId, "accountEnabled": true]
        #expect(try await scenario.graph("POST", "/servicePrincipals", body).status == 201)
        #expect(try await scenario.graph("POST", "/servicePrincipals", body).status == 409)
        let unknown = try await scenario.graph("POST", "/servicePrincipals", ["appId": "nobody"])
        #expect(unknown.json?["error"]?["message"]?.text?.contains(" does not reference ") == true)
        let id = made.json?["id"]?.text ?? ""
        #expect(try await scenario.graph("DELETE", "/applications/\(id)").status == 204)
        #expect(try await scenario.graph("GET", "/applications/\(id)").code == "Request_ResourceNotFound")
        let gone = try await scenario.graph("GET", "/servicePrincipals(appId='\(appId.text ?? "")')")
        #expect(gone.status == 404)
    }

    @Test func aStrangerIsDenied() async throws {
        let scenario = Scenario()
        let secret = try #require(scenario.cloud.clusters[0].servicePrincipal?.secret)
        let token = try await scenario.signIn(scenario.clientId, secret).json?["access_token"]?.text
        let answer = try await scenario.call("GET", "graph.localhost", "/v1.0/applications", token: token)
        #expect(answer.status == 403)
        #expect(answer.code == "Authorization_RequestDenied")
    }

    @Test func aTokenForAnotherServiceIsRefused() async throws {
        let scenario = Scenario()
        let token = try await scenario.token(for: Scenario.endpoints.management)
        let answer = try await scenario.call("GET", "graph.localhost", "/v1.0/applications", token: token)
        #expect(answer.status == 401)
        #expect(answer.code == "InvalidAuthenticationToken")
    }

    @Test func errorsHaveGraphsShape() async throws {
        let answer = try await Scenario().graph("GET", "/applications/none")
        let error = try #require(answer.json?["error"])
        #expect(error.members.map { Set($0.map(\.name)) } == ["code", "message", "innerError"])
        #expect(error["innerError"]?["request-id"]?.text == answer.header("request-id"))
    }

    @Test func aLaggingReplicaOmitsANewCredential() async throws {
        var tuning = Tuning()
        tuning.directoryLag = 30
        let scenario = Scenario(tuning)
        _ = try await scenario.addPassword()
        var seen: Set<Int> = []
        for _ in 0..<64 {
            let read = try await scenario.graph("GET", "/applications(appId='\(scenario.clientId)')")
            seen.insert(read.json?["passwordCredentials"]?.elements?.count ?? 0)
        }
        #expect(seen == [1, 2])
        scenario.pass(30)
        for _ in 0..<16 {
            let read = try await scenario.graph("GET", "/applications(appId='\(scenario.clientId)')")
            #expect(read.json?["passwordCredentials"]?.elements?.count == 2)
        }
    }
}
