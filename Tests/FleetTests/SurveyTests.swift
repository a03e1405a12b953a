import FoundationEssentials
import Logging
import Rotation
import Settings
import SinkCore
import Testing

@testable import Fleet

let subscription = "00000000-0000-0000-0000-00000000000a"

/// A configuration with the clusters `names`, each an Azure cluster of the same name.
func makeConfiguration(_ names: String..., extra: String = "") throws -> Configuration {
    let clusters = names.map {
        "  - {name: \($0), subscription: \(subscription), resourceGroup: rg\($0.hasSuffix("-only") ? ", apply: false" : "")}\n"
    }.joined()
    return try Configuration.parse(
        """
        version: 1
        state: /nonexistent
        auth: {method: client-secret, tenant: \(subscription), client: \(subscription), secretFile: s}
        sinks:
          disk: {type: file, path: "/tmp/{cluster}.{credential}", format: raw}
        defaults: {sinks: [disk]}
        clusters:
        \(clusters)\(extra)
        """, file: "/tmp/c.yaml", environment: [:])
}

/// An Azure that knows what a test tells it.
struct FakeAzure: AzureReader {
    var clusters: [String: ClusterFacts] = [:]
    var failures: [String: Failure] = [:]
    var listFailure: Failure?
    /// Whether a list holds those of its subscription alone.
    var listsBySubscription = false

    init(_ facts: [ClusterFacts]) {
        clusters = Dictionary(uniqueKeysWithValues: facts.map { ($0.name, $0) })
    }

    func cluster(_ settings: ClusterSettings) async throws(Failure) -> ClusterFacts {
        if let failure = failures[settings.cluster.value] { throw failure }
        guard let facts = clusters[settings.cluster.value] else { throw Failure(.notFound, "none") }
        return facts
    }

    func clusters(inSubscription subscription: String) async throws(Failure) -> [ClusterFacts] {
        if let listFailure { throw listFailure }
        return clusters.values.sorted { $0.name < $1.name }
            .filter { !listsBySubscription || $0.resourceId.contains(subscription) }
    }

    func tenant(of subscription: String?) async throws(Failure) -> String? { nil }

    func identity(appId: String, tenant: String) async throws(Failure) -> IdentityFacts {
        throw Failure(.invalid, "not asked")
    }
}

func makeFacts(
    _ name: String, app: String? = nil, entra: ClusterFacts.Entra? = nil, managedEntra: Bool = false,
    stopped: Bool = false
) -> ClusterFacts {
    ClusterFacts(
        resourceId:
            "/subscriptions/\(subscription)/resourcegroups/rg/providers/Microsoft.ContainerService/managedClusters/\(name)",
        name: name, servicePrincipal: app, entra: entra, hasManagedEntra: managedEntra, isStopped: stopped)
}

@Suite("The survey")
struct SurveyTests {
    func survey(
        _ targets: [String], _ configuration: Configuration, _ azure: FakeAzure
    ) async throws -> Survey {
        let selection = try Selection(try targets.map { try Target($0) }, of: configuration)
        return try await Survey(selection, of: configuration, azure: azure, concurrency: 4)
    }

    @Test func clustersOfOneIdentityAreOneGroup() async throws {
        let azure = FakeAzure([makeFacts("a", app: "x"), makeFacts("b", app: "y"), makeFacts("c", app: "x")])
        let survey = try await survey([], try makeConfiguration("a", "b", "c"), azure)
        #expect(survey.groups.map(\.appId) == ["x", "y"])
        #expect(survey.groups[0].members.map(\.name) == ["a", "c"])
        #expect(survey.groups[0].consumers.map(\.name) == ["a", "c"])
    }

    @Test func aClusterThatSharesTheIdentityComesAlong() async throws {
        let azure = FakeAzure([makeFacts("a", app: "x"), makeFacts("b", app: "x"), makeFacts("z", app: "x")])
        let survey = try await survey(["a"], try makeConfiguration("a", "b"), azure)
        let group = try #require(survey.groups.first)
        #expect(group.members.map(\.name) == ["a", "b"], "a configured one with its own sinks")
        #expect(group.others.map(\.name) == ["z"], "another one because it would lose its secret")
        #expect(group.consumers.map(\.name) == ["a", "b", "z"])
    }

    @Test func whatAPipelineAppliesIsNoConsumer() async throws {
        let azure = FakeAzure([makeFacts("a-only", app: "x")])
        let survey = try await survey([], try makeConfiguration("a-only"), azure)
        #expect(survey.groups[0].members.map(\.name) == ["a-only"])
        #expect(survey.groups[0].consumers == [])
    }

    @Test(arguments: [
        (makeFacts("a"), StatusReport.Skip.Reason.managedIdentity),
        (makeFacts("a", app: "x", stopped: true), .stopped), (makeFacts("other"), .notFound),
    ])
    func whatHasNothingToRotateIsSkippedWithItsReason(
        facts: ClusterFacts, reason: StatusReport.Skip.Reason
    ) async throws {
        let survey = try await survey([], try makeConfiguration("a"), FakeAzure([facts]))
        #expect(survey.groups.isEmpty)
        #expect(survey.skipped.map(\.reason) == [reason])
    }

    @Test func entraIntegrationIsACredentialOfItsOwn() async throws {
        let entra = ClusterFacts.Entra(serverAppId: "S", clientAppId: "C")
        let azure = FakeAzure([makeFacts("a", app: "x", entra: entra)])
        let both = try await survey([], try makeConfiguration("a"), azure)
        #expect(both.groups.map(\.appId) == ["x", "s"])
        #expect(both.groups[1].lead.clientAppId == "C")
        let one = try await survey(["a/entra-app"], try makeConfiguration("a"), azure)
        #expect(one.groups.map(\.appId) == ["s"])
    }

    @Test func managedEntraIsSkippedWhereItWasAskedFor() async throws {
        let azure = FakeAzure([makeFacts("a", app: "x", managedEntra: true)])
        let survey = try await survey(["a/entra-app"], try makeConfiguration("a"), azure)
        #expect(survey.groups.isEmpty)
        #expect(survey.skipped.map(\.reason) == [.managedEntra])
    }

    @Test func aSubscriptionThatCannotBeSearchedIsSaid() async throws {
        var azure = FakeAzure([makeFacts("a", app: "x")])
        azure.listFailure = Failure(.forbidden, "403")
        let survey = try await survey([], try makeConfiguration("a"), azure)
        #expect(survey.groups.map(\.appId) == ["x"])
        #expect(survey.warnings.count == 1)
    }

    /// An account with a role on resource groups alone may not list the subscription's clusters.
    @Test func aConfiguredClusterIsFoundWhereSearchingIsForbidden() async throws {
        var azure = FakeAzure([makeFacts("a", app: "x"), makeFacts("b", app: "x")])
        azure.listFailure = Failure(.forbidden, "403")
        let survey = try await survey(["a"], try makeConfiguration("a", "b", "gone"), azure)
        #expect(survey.groups.map { $0.members.map(\.name) } == [["a", "b"]])
        #expect(survey.groups[0].consumers.map(\.name) == ["a", "b"])
        #expect(survey.warnings.count == 1)
    }

    @Test func whatNobodyCanTellIsSaid() async throws {
        var azure = FakeAzure([makeFacts("a", app: "x")])
        azure.listFailure = Failure(.forbidden, "403")
        azure.failures = ["b": Failure(.forbidden, "403")]
        let survey = try await survey(["a"], try makeConfiguration("a", "b"), azure)
        #expect(survey.groups.map { $0.members.map(\.name) } == [["a"]])
        #expect(survey.warnings.contains { $0.contains("whether cluster b has the same identity") })
    }

    @Test func otherSubscriptionsOfTheConfigurationAreSearched() async throws {
        let other = "00000000-0000-0000-0000-00000000000b"
        let far = "  - {name: far, subscription: \(other), resourceGroup: rg}"
        var facts = makeFacts("far", app: "x")
        facts = ClusterFacts(
            resourceId: facts.resourceId.replacing(subscription, with: other), name: "far",
            servicePrincipal: "x", entra: nil, hasManagedEntra: false, isStopped: false)
        var azure = FakeAzure([makeFacts("a", app: "x"), facts])
        azure.listsBySubscription = true
        let survey = try await survey(["a"], try makeConfiguration("a", extra: far), azure)
        #expect(survey.groups[0].members.map(\.name) == ["a", "far"])
    }

    @Test(arguments: ["a", "ci", "a ci", ""])
    func anApplicationIsOneIdentityWithItsCluster(targets: String) async throws {
        let appId = "00000000-0000-0000-0000-0000000000aa"
        let identities = "identities: [{name: ci, appId: \(appId)}]"
        let azure = FakeAzure([makeFacts("a", app: appId), makeFacts("b", app: "y")])
        let survey = try await survey(
            targets.split(separator: " ").map(String.init), try makeConfiguration("a", extra: identities),
            azure)
        #expect(survey.groups.map { Set($0.members.map(\.name)) } == [["a", "ci"]])
        #expect(survey.groups[0].members.count == 2)
        #expect(survey.groups[0].consumers.map(\.name) == ["a"])
    }

    @Test func aFailureOfEverythingIsThrown() async throws {
        var azure = FakeAzure([makeFacts("a", app: "x")])
        azure.failures = ["a": Failure(.signIn, "no")]
        await #expect(throws: Failure(.signIn, "no")) {
            try await survey([], try makeConfiguration("a"), azure)
        }
    }

    @Test func unknownTargetsAreRefused() throws {
        #expect {
            try Selection([try Target("nobody")], of: try makeConfiguration("a"))
        } throws: { error in
            (error as? FleetError)?.code == .unknownName
        }
    }
}

@Suite("The planner")
struct PlannerTests {
    let now = Date(timeIntervalSince1970: 1_800_000_000)

    func planner(
        _ survey: Survey, credentials: [Listed], ledger: Ledger = Ledger([])
    ) throws -> Planner {
        let group = try #require(survey.groups.first)
        let identity = Identity(appId: group.appId, tenant: "t", object: .application, objectId: "o")
        return Planner(
            group, IdentityFacts(identity: identity, credentials: credentials), ledger, overlap: nil)
    }

    func survey(_ names: String...) async throws -> Survey {
        let configuration = try makeConfiguration("a")
        return try await Survey(
            try Selection([], of: configuration), of: configuration,
            azure: FakeAzure([makeFacts("a", app: "x")]), concurrency: 1)
    }

    func listed(_ keyId: String, days: Double) -> Listed {
        Listed(keyId: keyId, displayName: nil, notBefore: now - 86_400, notAfter: now + days * 86_400)
    }

    @Test(arguments: [([20.0], true), ([31.0], false), ([5.0, 40.0], false), ([], true)])
    func isDueByTheLatestOfWhatOthersAdded(days: [Double], isDue: Bool) async throws {
        let credentials = days.enumerated().map { listed("k\($0)", days: $1) }
        let planner = try planner(try await survey(), credentials: credentials)
        #expect(planner.isDue(at: now) == isDue)
        #expect(planner.foreign == credentials)
    }

    @Test func everySinkOfEveryMemberIsADelivery() async throws {
        let planner = try planner(try await survey(), credentials: [])
        let plan = try planner.plan(makeSinks())
        #expect(plan.deliveries.map(\.name) == ["/tmp/a.service-principal"])
        #expect(plan.consumers.map(\.name) == ["a"])
        #expect(plan.policy.overlap == 86_400)
    }

    func makeSinks() throws -> SinkSet {
        let configuration = try makeConfiguration("a")
        return SinkSet(
            configuration, environment: [:], logger: .init(label: "test"),
            account: AzureAccount(configuration, environment: [:]))
    }
}
