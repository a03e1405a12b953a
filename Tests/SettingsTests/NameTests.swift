import PluginProtocol
import SinkCore
import Testing

@testable import Settings

/// Names that a sink cannot hold or tell apart are refused before anything is changed.
@Suite("Names in sinks")
struct NameTests {
    func text(sinks: String, _ members: String = "sinks: [s]", name: String = "prod") -> String {
        """
        version: 1
        sinks: \(sinks)
        clusters:
          - name: \(name)
            cluster: prod
            subscription: \(subscription)
            resourceGroup: rg
            \(members)

        """
    }

    let vault = "{s: {type: key-vault, vault: 'https://ops.vault.azure.net', secret: "

    @Test func thatKeyVaultCannotHoldAreRefused() {
        #expect(
            fault(text(sinks: vault + "'{cluster}-{credential}'}}", name: "prod.eu"))
                == "2:76 sink `s`: Key Vault cannot hold `prod.eu-service-principal`, the name for "
                + "prod.eu/service-principal; letters, digits and `-`, at most 127")
        #expect(fault(text(sinks: vault + "'a_{cluster}'}}")).contains("Key Vault cannot hold `a_prod`"))
        let long = String(repeating: "a", count: 123)
        #expect(throws: Never.self) { try parse(text(sinks: vault + "'\(long){cluster}'}}")) }
        #expect(fault(text(sinks: vault + "'\(long)a{cluster}'}}")).contains("at most 127"))
    }

    @Test func thatAreEqualAreRefused() {
        let both = "sinks: [s]\n    credentials: [service-principal, entra-app]"
        #expect(
            fault(text(sinks: vault + "'{cluster}'}}", both)).contains(
                "prod/entra-app and prod/service-principal would both be called `prod`"))
        // Without `credentials`, Azure knows which there are.
        #expect(throws: Never.self) { try parse(text(sinks: vault + "'{cluster}'}}")) }
    }

    @Test func ofDifferentEntriesAreCompared() {
        let identity = "identities:\n  - {name: other, appId: \(appId), sinks: [s]}\n"
        let cluster = text(
            sinks: "{s: {type: file, path: '/x'}}", "sinks: [s]\n    credentials: [entra-app]")
        #expect(fault(cluster + identity).contains("other and prod/entra-app would both be called `/x`"))
    }

    @Test func thatDifferInCaseAreEqualToKeyVault() {
        let text = """
            version: 1
            sinks: \(vault)'{cluster}'}}
            identities:
              - {name: one, appId: \(appId), sinks: [s]}
              - {name: ONE, appId: \(subscription), sinks: [s]}
            """
        #expect(fault(text).contains("ONE and one would both be called `ONE`"))
        #expect(throws: Never.self) {
            try parse(text.replacing(vault, with: "{s: {type: plugin, plugin: p, name: "))
        }
    }

    @Test func ofTwoSinksWithOnePathAreCompared() {
        let sinks =
            "{s: {type: file, path: '/x/{cluster}'}, t: {type: file, format: raw, path: '/x/{cluster}'}}"
        let text = text(sinks: sinks, "sinks: [s, t]\n    credentials: [entra-app]")
        #expect(fault(text).contains("sink `t`: prod/entra-app and prod/entra-app in sink `s`"))
    }

    @Test func needWhatTheEntryHas() {
        let identities = "identities:\n  - {name: other, appId: \(appId), sinks: [s]}\n"
        let text = text(sinks: "{s: {type: file, path: '/{resourceGroup}/{cluster}'}}") + identities
        #expect(
            fault(text).contains("sink `s` cannot name the secret of other: there is no {resourceGroup} here")
        )
    }

    @Test func areComparedAtPlanTimeToo() throws {
        let configuration = try parse(small)
        #expect(throws: Never.self) {
            try configuration.checkNames([("disk", "/a", "a/entra-app"), ("disk", "/b", "b/entra-app")])
            try configuration.checkNames([("disk", "/a", "a/entra-app"), ("disk", "/a", "a/entra-app")])
        }
        let error = #expect(throws: ConfigurationError.self) {
            try configuration.checkNames([("disk", "/a", "a/entra-app"), ("disk", "/a", "b/entra-app")])
        }
        #expect(error?.position?.line == 3)
        #expect(throws: ConfigurationError.self) { try configuration.checkNames([("none", "/a", "a")]) }
    }

    @Test(arguments: [
        ("a", true), ("A1._-", true), ("9", true), (".a", false), ("-a", false), ("", false), ("a b", false),
        ("ä", false), ("a/b", false), (String(repeating: "a", count: 63), true),
        (String(repeating: "a", count: 64), false),
    ])
    func ofEntriesFollowTheRule(name: String, isName: Bool) {
        #expect(Names.isName(name) == isName)
    }
}

@Suite("Sinks of the configuration")
struct SinkSettingsTests {
    func sink(_ members: String, _ head: String = "") throws -> SinkSettings {
        try #require(try parse("version: 1\n\(head)sinks: {s: {\(members)}}").sinks.first)
    }

    @Test func haveDefaults() throws {
        let keyring = try sink("type: keyring")
        #expect(
            keyring.kind
                == .keyring(collection: "default", label: try Template(parsing: "{cluster} {credential}")))
        #expect(keyring.template.value.description == "{cluster}/{credential}")
        let file = try sink("type: file, path: a")
        #expect(file.kind == .file(.json))
        #expect(file.template.value.description == "/etc/credferry/a")
        let environment = try sink("type: environment, path: /a")
        #expect(environment.kind == .environment(.shell, .article))
        let plugin = try sink("type: plugin, plugin: pass")
        #expect(plugin.kind == .plugin(name: "pass", options: [:]))
        #expect(plugin.template.value.description == "{cluster}-{credential}")
    }

    @Test func ofARunnerNeedNoPath() throws {
        let github = try sink("type: environment, format: github")
        #expect(github.template.value.description == "runner:{credential}")
        let azure = try sink("type: environment, format: azure-pipelines, variables: azure-identity")
        #expect(azure.kind == .environment(.azurePipelines, .azureIdentity))
        #expect(azure.template.value.description == "runner")
        #expect(
            try sink("type: environment, format: azure-pipelines, path: log").template.value.description
                == "/etc/credferry/log")
    }

    @Test(arguments: [
        "https://Ops.vault.azure.net", "https://ops.vault.azure.net/", "HTTPS://ops.VAULT.azure.net",
    ])
    func nameTheirVaultInOneWay(vault: String) throws {
        #expect(
            try sink("type: key-vault, vault: '\(vault)'").kind
                == .keyVault(vault: "https://ops.vault.azure.net"))
    }

    @Test(arguments: [
        ("public", "vault.azure.net"), ("usgov", "vault.usgovcloudapi.net"), ("china", "vault.azure.cn"),
    ])
    func belongToTheCloud(cloud: String, suffix: String) throws {
        let vault = "https://ops.\(suffix)"
        #expect(
            try sink("type: key-vault, vault: '\(vault)'", "cloud: \(cloud)\n").kind
                == .keyVault(vault: vault))
    }

    @Test func giveAPluginItsOptions() throws {
        let options =
            "{a: 1, b: 1.5, c: true, d: null, e: [x, '2'], f: {g: '${HOME}'}, h: yes, i: 0x10, j: 1e3, k: 0x1p3}"
        #expect(
            try sink("type: plugin, plugin: p, options: \(options)").kind
                == .plugin(
                    name: "p",
                    options: [
                        "a": .integer(1), "b": .number(1.5), "c": .bool(true), "d": .null,
                        "e": .array([.string("x"), .string("2")]), "f": .object(["g": .string("/home/op")]),
                        "h": .string("yes"), "i": .integer(16), "j": .number(1000), "k": .string("0x1p3"),
                    ]))
    }
}

@Suite("The cloud and signing in")
struct CloudTests {
    @Test func mayBeAnybodys() throws {
        let text = """
            version: 1
            cloud:
              authorityHost: https://127.0.0.1:8443/
              graphEndpoint: http://localhost:8080
              resourceManagerEndpoint: https://ARM.example/base/
              keyVaultSuffix: vault.localhost:8443
              keyVaultAudience: https://vault.example
              certificateAuthorities: ca.pem
            sinks: {v: {type: key-vault, vault: "https://ops.vault.localhost:8443"}}
            """
        let configuration = try parse(text)
        #expect(
            configuration.cloud
                == .custom(
                    CustomCloud(
                        authorityHost: "https://127.0.0.1:8443", graphEndpoint: "http://localhost:8080",
                        resourceManagerEndpoint: "https://arm.example/base",
                        keyVaultSuffix: "vault.localhost:8443", keyVaultAudience: "https://vault.example",
                        certificateAuthorities: "/etc/credferry/ca.pem")))
        #expect(configuration.sinks[0].kind == .keyVault(vault: "https://ops.vault.localhost:8443"))
    }

    @Test(arguments: [
        "https://", "https://a:0", "https://a:65536", "https://a:8x", "https://a b", "https://-a",
        "https://a..b",
        "https://a/%2e", "https://a/../b", "https://a\\b", "ftp://a", "//a", "https:/a", "https://a#b",
        "http://localhost.example", "http://127.0.0.1.example", "http://127.1", "https://[::1]x",
        "https://u@[::1]",
    ])
    func refusesEndpoints(text: String) {
        #expect(Endpoint(text) == nil)
    }

    @Test func signsInAsItIsTold() throws {
        let text = """
            version: 1
            auth:
              method: client-secret
              tenant: contoso.onmicrosoft.com
              client: \(appId.uppercased())
              secretFile: secret
            """
        #expect(
            try parse(text).auth
                == AuthSettings(
                    method: .clientSecret, tenant: "contoso.onmicrosoft.com", client: appId,
                    secretFile: "/etc/credferry/secret"))
    }

    @Test(arguments: AuthSettings.Method.allCases)
    func everyMethodCanBeChosen(method: AuthSettings.Method) throws {
        let members =
            switch method {
            case .clientSecret: ", tenant: t, client: \(appId), secretEnvironment: NAME"
            case .clientCertificate:
                ", tenant: t, client: \(appId), certificateFile: c, certificatePasswordFile: p"
            case .githubOIDC: ", tenant: t, client: \(appId)"
            default: ""
            }
        #expect(try parse("version: 1\nauth: {method: \(method.rawValue)\(members)}").auth.method == method)
    }
}
