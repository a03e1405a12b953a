import SinkCore
import Testing

@testable import Settings

@Suite("Targets")
struct TargetTests {
    let text = """
        version: 1
        sinks: {disk: {type: file, path: "/{cluster}.{credential}"}}
        defaults: {sinks: [disk]}
        clusters:
          - {name: prod-weu, subscription: \(subscription), resourceGroup: rg}
          - {name: only, subscription: \(subscription), resourceGroup: rg, credentials: [entra-app]}
        identities:
          - {name: deployer, appId: \(appId)}

        """

    /// Why `target` means nothing.
    func fault(_ target: String, in text: String? = nil) throws -> String {
        let configuration = try parse(text ?? self.text)
        let error = #expect(throws: TargetError.self) { try configuration.resolve(Target(target)) }
        return error?.description ?? ""
    }

    @Test func areClustersOrCredentialsOfThem() throws {
        #expect(try Target("prod").kind == nil)
        #expect(try Target("prod/entra-app").kind == .entraApp)
        #expect(try Target("prod/service-principal").description == "prod/service-principal")
    }

    @Test(arguments: [
        ("", "`` is no TARGET"), ("/entra-app", "`/entra-app` is no TARGET"),
        ("a/", "unknown credential `` in `a/`"), ("a/entra-app/b", "unknown credential `entra-app/b`"),
        ("a/service-principle", "did you mean `service-principal`?"),
    ])
    func areRefused(text: String, expected: String) {
        let error = #expect(throws: TargetError.self) { try Target(text) }
        #expect(error?.description.contains(expected) == true)
    }

    @Test func standForWhatTheConfigurationLists() throws {
        let configuration = try parse(text)
        #expect(
            try configuration.resolve(Target("prod-weu")) == .cluster(configuration.clusters[0], nil))
        #expect(
            try configuration.resolve(Target("only/entra-app"))
                == .cluster(configuration.clusters[1], .entraApp))
        #expect(try configuration.resolve(Target("deployer")) == .identity(configuration.identities[0]))
        #expect(
            try configuration.resolve(Target("deployer/application"))
                == .identity(configuration.identities[0]))
    }

    @Test(arguments: [
        ("prod-wue", "unknown target `prod-wue`; did you mean `prod-weu`?"),
        ("PROD-WEU", "unknown target `PROD-WEU`; did you mean `prod-weu`?"),
        ("elephant", "unknown target `elephant`; targets: `prod-weu`, `only`, `deployer`"),
        ("only/service-principal", "there is no such credential; of `only`: `entra-app`"),
        (
            "prod-weu/application",
            "there is no such credential; of `prod-weu`: `service-principal` and `entra-app`"
        ),
        ("deployer/entra-app", "its only credential is called `application`"),
    ])
    func thatMeanNothingAreNamed(target: String, expected: String) throws {
        #expect(try fault(target).contains(expected))
    }

    @Test func mayBeFoundLater() throws {
        let text = text + "discover: {subscriptions: [\(subscription)]}\n"
        let configuration = try parse(text)
        #expect(
            try configuration.resolve(Target("new/entra-app")) == .discoverable(name: "new", .entraApp))
        #expect(try fault("new.one", in: text).hasPrefix("unknown target"))
        #expect(try fault("new/application", in: text).contains("no such credential"))
    }
}
