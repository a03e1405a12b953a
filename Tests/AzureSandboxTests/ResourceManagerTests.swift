import FoundationEssentials
import Testing

@testable import AzureSandbox

@Suite("Resource Manager")
struct ResourceManagerTests {
    @Test func aClusterIsShownWithoutItsSecret() async throws {
        let scenario = Scenario()
        let answer = try await scenario.arm("GET", scenario.path())
        #expect(answer.status == 200)
        let properties = try #require(answer.json?["properties"])
        #expect(properties["servicePrincipalProfile"] == ["clientId": .string(scenario.clientId)])
        #expect(properties["provisioningState"] == "Succeeded")
        let secret = try #require(scenario.cloud.clusters[0].servicePrincipal?.secret)
        #expect(!String(decoding: answer.body, as: UTF8.self).contains(secret))
    }

    @Test func pathsAreComparedWithoutRegardToCase() async throws {
        let scenario = Scenario()
        let target = scenario.path().replacing("resourceGroups", with: "resourcegroups")
            .replacing("managedClusters/demo", with: "MANAGEDCLUSTERS/Demo")
        #expect(try await scenario.arm("GET", target).status == 200)
    }

    @Test func whatIsNotThereIsNamed() async throws {
        let scenario = Scenario()
        let missing = try await scenario.arm("GET", scenario.path(of: "other"))
        #expect(missing.status == 404)
        #expect(missing.code == "ResourceNotFound")
        #expect(missing.header("x-ms-failure-cause") == "gateway")
        let group = try await scenario.arm("GET", scenario.path().replacing("rg-demo", with: "rg-none"))
        #expect(group.code == "ResourceGroupNotFound")
        let subscription = try await scenario.arm("GET", "/subscriptions/none?api-version=2022-12-01")
        #expect(subscription.code == "SubscriptionNotFound")
    }

    @Test func theVersionIsChecked() async throws {
        let scenario = Scenario()
        let none = try await scenario.arm(
            "GET", scenario.path().split(separator: "?").first.map(String.init) ?? "")
        #expect(none.code == "MissingApiVersionParameter")
        let unknown = try await scenario.arm("GET", scenario.path(version: "1999-01-01"))
        #expect(unknown.code == "NoRegisteredProviderFound")
        let tenants = try await scenario.arm("GET", "/tenants?api-version=1999-01-01")
        #expect(tenants.code == "InvalidApiVersionParameter")
    }

    @Test func tokensOfOthersAreRefused() async throws {
        let scenario = Scenario()
        let none = try await scenario.call("GET", "management.localhost", scenario.path())
        #expect(none.status == 401)
        #expect(none.header("www-authenticate")?.hasPrefix("Bearer authorization_uri=") == true)
        let wrong = try await scenario.call(
            "GET", "management.localhost", scenario.path(),
            token: try await scenario.token(for: Scenario.endpoints.graph))
        #expect(wrong.code == "InvalidAuthenticationTokenAudience")
    }

    @Test func aResetRunsToItsEnd() async throws {
        let scenario = Scenario()
        let new = try await scenario.addPassword()
        scenario.pass(3)
        let accepted = try await scenario.reset(new.secret)
        #expect(accepted.status == 202)
        #expect(accepted.json?["properties"]?["provisioningState"] == "Updating")
        #expect(accepted.header("retry-after") == nil)
        let base = Scenario.endpoints.management
        let operation = String(try #require(accepted.header("azure-asyncoperation")).dropFirst(base.count))
        let location = String(try #require(accepted.header("location")).dropFirst(base.count))
        #expect((2900...4000).contains(operation.utf8.count))
        let running = try await scenario.arm("GET", operation)
        #expect(running.json?["status"] == "InProgress")
        #expect(running.json?["endTime"] == nil)
        #expect(try await scenario.arm("GET", location).status == 202)
        scenario.pass(6)
        let ended = try await scenario.arm("GET", operation)
        #expect(ended.json?["status"] == "Succeeded")
        #expect(ended.json?["endTime"] != nil)
        #expect(try await scenario.arm("GET", location).status == 204)
        let state = try await scenario.control("GET", "/state")
        let cluster = state.json?["clusters"]?.elements?.first
        #expect(cluster?["secret"]?.text == new.secret)
        #expect(cluster?["secretIsAccepted"] == true)
    }

    @Test func anOperationIsFollowedByItsURLVerbatim() async throws {
        let scenario = Scenario()
        let new = try await scenario.addPassword()
        scenario.pass(3)
        let accepted = try await scenario.reset(new.secret)
        let url = try #require(accepted.header("azure-asyncoperation"))
        let target = String(url.dropFirst(Scenario.endpoints.management.count))
        let forged = target.replacing("&t=", with: "&t=1")
        #expect(try await scenario.arm("GET", forged).status == 403)
        let bare = target.split(separator: "&").first.map(String.init) ?? ""
        #expect(try await scenario.arm("GET", bare).status == 403)
        let id = try #require(target.split(separator: "?").first?.split(separator: "/").last.map(String.init))
        let name = try #require(try await scenario.arm("GET", target).json?["name"]?.text)
        // The bytes of the first three groups come in the other order.
        #expect(name != id)
        #expect(name.suffix(17) == id.suffix(17))
        #expect(String(name.prefix(2)) == String(id.dropFirst(6).prefix(2)))
        let unknown = target.replacing(id, with: Random.guid())
        #expect(try await scenario.arm("GET", unknown).status == 404)
    }

    @Test func aFailedOperationSaysWhy() async throws {
        let scenario = Scenario()
        _ = try await scenario.control("POST", "/settings", ["operationFails": 1, "retryAfter": 7])
        let new = try await scenario.addPassword()
        scenario.pass(3)
        let accepted = try await scenario.reset(new.secret)
        #expect(accepted.header("retry-after") == "7")
        scenario.pass(6)
        let url = try #require(accepted.header("azure-asyncoperation"))
        let ended = try await scenario.arm("GET", String(url.dropFirst(Scenario.endpoints.management.count)))
        #expect(ended.json?["status"] == "Failed")
        #expect(ended.json?["error"]?["code"] != nil)
        let cluster = try await scenario.arm("GET", scenario.path())
        #expect(cluster.json?["properties"]?["provisioningState"] == "Failed")
    }

    @Test func aSecretThatAKSDoesNotKnowYetIsRefusedInItsWords() async throws {
        let scenario = Scenario()
        let new = try await scenario.addPassword()
        let early = try await scenario.reset(new.secret)
        #expect(early.status == 400)
        // AKS answers bare, without the gateway's wrapper.
        #expect(early.json?["error"] == nil)
        #expect(early.json?["code"] == "BadRequest")
        let message = try #require(early.json?["message"]?.text)
        #expect(message.hasPrefix("The credentials in ServicePrincipalProfile were invalid."))
        #expect(message.contains("AADSTS7000215"))
        #expect(!message.contains(new.secret))
        #expect(early.header("x-ms-failure-cause") == nil)
        let cluster = try await scenario.control("GET", "/state").json?["clusters"]?.elements?.first
        #expect(cluster?["secret"]?.text == scenario.cloud.clusters[0].servicePrincipal?.secret)
    }

    @Test func badCharactersAreRefused() async throws {
        let scenario = Scenario()
        _ = try await scenario.control("POST", "/settings", ["badCharacters": 1])
        let bad = try await scenario.addPassword()
        let good = try await scenario.addPassword()
        scenario.pass(3)
        let refused = try await scenario.reset(bad.secret)
        #expect(refused.status == 400)
        #expect(
            refused.json?["message"] == "Service principal client secret has invalid characters: `")
        #expect(try await scenario.reset(good.secret).status == 202)
    }

    @Test func anotherOperationIsAConflict() async throws {
        let scenario = Scenario()
        let new = try await scenario.addPassword()
        scenario.pass(3)
        _ = try await scenario.reset(new.secret)
        let second = try await scenario.reset(new.secret)
        #expect(second.status == 409)
        #expect(second.json?["code"] == "OperationNotAllowed")
        #expect(second.json?["message"]?.text?.contains("aka.ms/aks-pending-operation") == true)
    }

    @Test func anOperationOfSomebodyElsesIsAConflictToo() async throws {
        let scenario = Scenario()
        let secret = try #require(scenario.cloud.clusters[0].servicePrincipal?.secret)
        _ = try await scenario.control("PATCH", "/clusters/demo", ["provisioningState": "Upgrading"])
        #expect(try await scenario.reset(secret).status == 409)
        _ = try await scenario.control("PATCH", "/clusters/demo", ["provisioningState": "Succeeded"])
        #expect(try await scenario.reset(secret).status == 202)
    }

    @Test(arguments: [
        #"{"clientId":"x","secret":"y","more":1}"#, #"{"secret":"y"}"#, #"{"clientId":"x"}"#,
        #"{"clientId":1,"secret":"y"}"#, "", "[]",
    ])
    func badBodiesAreRefused(body: String) async throws {
        let scenario = Scenario()
        let answer = try await scenario.call(
            "POST", "management.localhost", scenario.path(of: "demo", "/resetServicePrincipalProfile"),
            token: try await scenario.token(for: Scenario.endpoints.management), form: body)
        #expect(answer.status == 400)
    }

    @Test func managedIdentitiesAndStoppedClustersRefuse() async throws {
        let scenario = Scenario()
        _ = try await scenario.control("POST", "/clusters", ["name": "msi", "kind": "managed-identity"])
        let shown = try await scenario.arm("GET", scenario.path(of: "msi"))
        #expect(shown.json?["properties"]?["servicePrincipalProfile"]?["clientId"] == "msi")
        #expect(shown.json?["identity"]?["type"] == "SystemAssigned")
        let body: JSON = ["clientId": "x", "secret": "y"]
        let managed = try await scenario.arm(
            "POST", scenario.path(of: "msi", "/resetServicePrincipalProfile"), body)
        #expect(managed.status == 400)
        #expect(
            try await scenario.control("PATCH", "/clusters/demo", ["powerState": "Stopped"]).status == 200)
        let stopped = try await scenario.arm(
            "POST", scenario.path(of: "demo", "/resetServicePrincipalProfile"), body)
        #expect(stopped.status == 409)
        #expect(stopped.json?["message"]?.text?.contains("stopped") == true)
    }

    @Test func legacyEntraAppsAreReset() async throws {
        let scenario = Scenario()
        let made = try await scenario.control("POST", "/clusters", ["name": "old", "aad": "legacy"])
        let aad = try #require(made.json?["aad"])
        let server = try #require(aad["serverAppId"]?.text)
        let added = try await scenario.graph("POST", "/applications(appId='\(server)')/addPassword")
        let secret = try #require(added.json?["secretText"])
        scenario.pass(3)
        let body: JSON = [
            "clientAppID": aad["clientAppId"] ?? .null, "serverAppID": .string(server),
            "serverAppSecret": secret,
            "tenantID": .string(scenario.cloud.tenant),
        ]
        let target = scenario.path(of: "old", "/resetAADProfile")
        #expect(try await scenario.arm("POST", target, body).status == 202)
        let state = try await scenario.control("GET", "/state").json?["clusters"]?.elements?.last
        #expect(state?["aad"]?["serverAppSecret"] == secret)
        // The cluster's two credentials take turns.
        let principal: JSON = ["clientId": .string(scenario.clientId), "secret": "x"]
        let busy = try await scenario.arm(
            "POST", scenario.path(of: "old", "/resetServicePrincipalProfile"), principal)
        #expect(busy.status == 409)
        let managed = try await scenario.arm(
            "POST", scenario.path(of: "demo", "/resetAADProfile"), body)
        #expect(managed.status == 400)
    }

    @Test func listsComeAPageAtATime() async throws {
        let scenario = Scenario(clusters: 5)
        _ = try await scenario.control("POST", "/settings", ["pageSize": 2])
        var names: [String] = []
        var target: String? =
            "/subscriptions/\(scenario.cloud.subscription)/providers/Microsoft.ContainerService/managedClusters"
            + "?api-version=2026-06-01"
        while let next = target {
            let page = try await scenario.arm("GET", next)
            names += page.json?["value"]?.elements?.compactMap { $0["name"]?.text } ?? []
            target = page.json?["nextLink"]?.text.map {
                String($0.dropFirst(Scenario.endpoints.management.count))
            }
        }
        #expect(names == ["demo", "demo-2", "demo-3", "demo-4", "demo-5"])
    }

    @Test func resourcesAreListedByTheirType() async throws {
        let scenario = Scenario()
        let base = "/subscriptions/\(scenario.cloud.subscription)/resources?api-version=2024-11-01"
        #expect(try await scenario.arm("GET", base).json?["value"]?.elements?.count == 2)
        let filter = PercentEncoding.encode("resourceType eq 'Microsoft.KeyVault/vaults'")
        let vaults = try await scenario.arm("GET", "\(base)&$filter=\(filter)")
        #expect(vaults.json?["value"]?.elements?.map { $0["name"] } == ["ops"])
        #expect(try await scenario.arm("GET", base + "&$filter=name").status == 400)
    }

    @Test func rightsAreNamedWhenTheyAreMissing() async throws {
        let scenario = Scenario()
        _ = try await scenario.control("POST", "/rights", ["deny": ["arm.reset"]])
        let denied = try await scenario.reset("x")
        #expect(denied.status == 403)
        #expect(denied.code == "AuthorizationFailed")
        #expect(
            denied.json?["error"]?["message"]?.text?.contains("resetServicePrincipalProfile/action") == true)
        #expect(try await scenario.arm("GET", scenario.path()).status == 200)
    }

    @Test func aStrangerSeesNoSubscription() async throws {
        let scenario = Scenario()
        let secret = try #require(scenario.cloud.clusters[0].servicePrincipal?.secret)
        let token = try await scenario.signIn(
            scenario.clientId, secret, for: Scenario.endpoints.management
        ).json?["access_token"]?.text
        let list = try await scenario.call(
            "GET", "management.localhost", "/subscriptions?api-version=2022-12-01", token: token)
        #expect(list.json?["value"] == [])
        let cluster = try await scenario.call("GET", "management.localhost", scenario.path(), token: token)
        #expect(cluster.code == "AuthorizationFailed")
    }

    @Test func rolesAreCopiedToANewPrincipal() async throws {
        let scenario = Scenario()
        let subscription = "/subscriptions/\(scenario.cloud.subscription)"
        let base = "\(subscription)/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01"
        let old = try await scenario.graph("GET", "/servicePrincipals(appId='\(scenario.clientId)')")
        let filter = PercentEncoding.encode("principalId eq '\(old.json?["id"]?.text ?? "")'")
        let roles = try await scenario.arm("GET", "\(base)&$filter=\(filter)")
        let role = try #require(roles.json?["value"]?.elements?.first)
        let scope = try #require(role["properties"]?["scope"]?.text)
        let made = try await scenario.control("POST", "/applications", ["displayName": "next"])
        let appId = made.json?["appId"]?.text ?? ""
        let next = try await scenario.graph("GET", "/servicePrincipals(appId='\(appId)')")
        func put(_ principal: JSON) async throws -> WireAnswer {
            try await scenario.arm(
                "PUT",
                "\(scope)/providers/Microsoft.Authorization/roleAssignments/\(Random.guid())?api-version=2022-04-01",
                [
                    "properties": [
                        "roleDefinitionId": role["properties"]?["roleDefinitionId"] ?? .null,
                        "principalId": principal,
                    ]
                ])
        }
        let id = try #require(next.json?["id"])
        let assigned = try await put(id)
        #expect(assigned.status == 201)
        #expect(assigned.json?["properties"]?["scope"]?.text == scope)
        #expect(try await put(id).code == "RoleAssignmentExists")
        #expect(try await put(.string(Random.guid())).code == "PrincipalNotFound")
    }
}
