import SinkCore
import Testing

@testable import Settings

@Suite("The configuration")
struct ConfigurationTests {
    @Test func takesTheSample() throws {
        let configuration = try Configuration.load(
            from: repositoryFile("config/credferry.yaml"), environment: home)
        #expect(configuration.sinks.map(\.name.value) == ["laptop", "vault", "disk", "ci", "team"])
        #expect(configuration.clusters.map(\.cluster.value) == ["aks-prod-weu", "dev-weu"])
        #expect(configuration.clusters.map(\.apply) == [true, false])
        #expect(configuration.clusters[0].policy.overlap == .seconds(48 * 3_600))
        #expect(configuration.clusters[1].policy == PolicySettings())
        #expect(configuration.identities.map(\.name.value) == ["ci-deployer"])
    }

    @Test func hasDefaults() throws {
        let configuration = try parse("version: 1")
        #expect(
            configuration
                == Configuration(file: "/etc/credferry/config.yaml", state: "/home/op/.local/state/credferry")
        )
        #expect(configuration.cloud == .public)
        #expect(configuration.auth.method == .auto)
        #expect(configuration.concurrency == 16)
    }

    @Test func keepsItsStateWhereTheEnvironmentSays() throws {
        let both = ["XDG_STATE_HOME": "/state", "HOME": "/home/op"]
        #expect(try parse("version: 1", both).state == "/state/credferry")
        // The specification has relative ones ignored.
        #expect(
            try parse("version: 1", ["XDG_STATE_HOME": "state", "HOME": "/h"]).state
                == "/h/.local/state/credferry")
        #expect(try parse("{version: 1, state: ./j}", both).state == "/etc/credferry/j")
        #expect(fault("version: 1", [:]).contains("neither XDG_STATE_HOME nor HOME is set"))
    }

    @Test func givesAnEntryItsPlaceAndDefaults() throws {
        let configuration = try parse(small)
        let cluster = try #require(configuration.clusters.first)
        #expect(
            cluster.name
                == Located("prod", at: Position(file: "/etc/credferry/config.yaml", line: 5, column: 11)))
        #expect(cluster.cluster == cluster.name)
        #expect(cluster.credentials == nil)
        #expect(cluster.apply)
        #expect(cluster.policy == PolicySettings())
        #expect(cluster.name.position.description == "/etc/credferry/config.yaml:5:11")
    }

    @Test func entriesTakeTheDefaultsOneByOne() throws {
        let text = """
            version: 1
            sinks: {a: {type: file, path: /a}, b: {type: file, path: /b}}
            defaults: {sinks: [a], policy: {lifetime: 60d, overlap: 2h}}
            identities:
              - {name: one, appId: \(appId), policy: {overlap: 3h, proofs: 5}}
              - {name: two, appId: \(subscription), sinks: [b]}
            discover: {subscriptions: [\(subscription)]}
            """
        let configuration = try parse(text)
        let (one, two) = (configuration.identities[0], configuration.identities[1])
        let days = { (count: Int) in Duration.seconds(count * 86_400) }
        #expect(
            one.policy
                == PolicySettings(
                    lifetime: days(60), rotateWithin: days(10), overlap: .seconds(10_800), proofs: 5))
        #expect(
            two.policy
                == PolicySettings(lifetime: days(60), rotateWithin: days(10), overlap: .seconds(7_200)))
        #expect(one.sinks.map(\.value) == ["a"])
        #expect(two.sinks.map(\.value) == ["b"])
        #expect(configuration.discover?.sinks.map(\.value) == ["a"])
        #expect(configuration.discover?.policy == two.policy)
    }

    @Test func knowsAnchorsAliasesAndMerges() throws {
        let text = """
            version: 1
            sinks: {a: {type: file, path: "/a/{cluster}"}}
            clusters:
              - &base
                name: one
                subscription: \(subscription)
                resourceGroup: rg
                sinks: &s [a]
              - {<<: *base, name: two, policy: {proofs: 4}}
              - {<<: [{resourceGroup: first}, *base], name: three, sinks: *s, credentials: [entra-app]}
            """
        let clusters = try parse(text).clusters
        #expect(clusters.map(\.name.value) == ["one", "two", "three"])
        #expect(clusters.map(\.resourceGroup.value) == ["rg", "rg", "first"])
        #expect(clusters[1].policy.proofs == 4)
    }

    @Test func takesAByteOrderMarkAndWindowsLines() throws {
        #expect(try parse("\u{FEFF}version: 1\r\nconcurrency: 3\r\n").concurrency == 3)
        #expect(
            fault("\u{FEFF}version: 1\r\nconcurency: 3\r\n")
                == "2:1 unknown key `concurency`; did you mean `concurrency`?")
    }

    @Test func fillsInTheEnvironment() throws {
        let environment = ["STATE": "/s", "N": "7", "EMPTY": "", "HOME": "/h", "T": "true", "TWICE": "${N}"]
        #expect(try parse("{version: 1, state: '${STATE}/${N}x$${N}$'}", environment).state == "/s/7x${N}$")
        #expect(try parse("{version: 1, concurrency: '${N}'}", environment).concurrency == 7)
        #expect(try parse("{version: 1, state: '/${TWICE}'}", environment).state == "/${N}")
        #expect(try parse("{version: 1, state: '/a${EMPTY}'}", environment).state == "/a")
    }

    @Test func doesNotShowWhatTheEnvironmentHolds() {
        let environment = ["HOME": "/h", "S": "p4ss"]
        let text = """
            version: 1
            cloud: "${S}"
            auth: {method: "${S}", client: "${S}", tenant: "-${S}"}
            concurrency: "${S}"
            sinks: {v: {type: key-vault, vault: "https://${S}"}, f: {type: file, path: "/{${S}}"}}
            defaults: {sinks: ["${S}", "${S}"], policy: {overlap: "${S}"}}
            """
        let faults = faults(text, environment)
        #expect(faults.count == 10)
        #expect(!faults.map(\.description).joined().contains("p4ss"))
    }
}
