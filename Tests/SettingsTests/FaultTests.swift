import SinkCore
import Testing

@testable import Settings

/// What is wrong is named with its place and a way to mend it; these sentences are part of the interface.
@Suite("Faults of the configuration")
struct FaultTests {
    @Test(arguments: [
        ("", "1:1 the file is empty; begin with `version: 1`"),
        ("# nothing", "1:1 the file is empty; begin with `version: 1`"),
        ("- version: 1", "1:1 the file: expected a mapping, found a list"),
        ("state: /s", "1:1 `version` is missing"),
        ("version: 2", "1:10 `version`: expected 1, found the number 2; this credferry reads version 1"),
        ("version: '1'", "1:10 `version`: expected 1, found `1`"),
        ("version: 1\nsinkz: {}", "2:1 unknown key `sinkz`; did you mean `sinks`?"),
        ("version: 1\nelephant: {}", "2:1 unknown key `elephant`; keys: `version`, `cloud`"),
        ("version: 1\nversion: 1", "1:1 key `version` is given more than once in one mapping"),
        ("version: 1\n  state: [", "2:8 no YAML: mapping values are not allowed in this context"),
        ("version: 1\n---\nversion: 1", "2:1 no YAML: but found another document"),
        ("version: 1\nstate: *nowhere", "2:8 no YAML: found undefined alias"),
        ("version: 1\nstate: \"a\u{1}b\"", "2:10 no YAML: control characters are not allowed"),
        (
            "version: 1\nstate: \"a\\nb\"",
            "2:8 `state`: control characters, such as a line's end, are not taken"
        ),
        ("version: 1\nstate: !secret x", "2:8 `state`: the tag !secret is not understood"),
        ("version: 1\nstate:", "2:7 `state`: expected a text, found nothing"),
        ("version: 1\nstate: 7", "2:8 `state`: expected a text, found the number 7; write it in quotes"),
        ("version: 1\nstate: true", "2:8 `state`: expected a text, found `true`; write it in quotes"),
        ("version: 1\nstate: ''", "2:8 `state`: expected a text, found an empty one"),
        ("version: 1\nstate: [a]", "2:8 `state`: expected a text, found a list"),
        ("version: 1\nstate: ~/s", "2:8 `state`: `~` is not understood in a path; write ${HOME}"),
        ("version: 1\nstate: ${NOWHERE}", "2:8 `state`: environment variable NOWHERE is not set"),
        ("version: 1\nstate: ${1A}", "2:8 `state`: `${` without a variable's name and `}`; `$${` stands"),
        ("version: 1\nstate: ${A", "2:8 `state`: `${` without a variable's name and `}`"),
        ("version: 1\nstate: ${}", "2:8 `state`: `${` without a variable's name and `}`"),
        (
            "version: 1\nconcurrency: 0",
            "2:14 `concurrency`: expected a whole number from 1 to 1000, found the"
        ),
        (
            "version: 1\nconcurrency: 1.5",
            "2:14 `concurrency`: expected a whole number from 1 to 1000, found the"
        ),
        (
            "version: 1\nconcurrency: many",
            "2:14 `concurrency`: expected a whole number from 1 to 1000, found"
        ),
        (
            "version: 1\nconcurrency:",
            "2:13 `concurrency`: expected a whole number from 1 to 1000, found nothing"
        ),
        ("version: 1\nclusters: {}", "2:11 `clusters`: expected a list, found a mapping"),
        ("version: 1\nclusters: [one]", "2:12 `clusters[0]`: expected a mapping, found `one`"),
        ("version: 1\n? [a]\n: b", "2:3 the file: expected a key, found a collection"),
    ])
    func ofTheWhole(text: String, expected: String) {
        #expect(fault(text).hasPrefix(expected))
    }

    @Test(arguments: [
        ("cloud: publik", "`cloud`: `publik` is none of its values; did you mean `public`?"),
        ("cloud: {authorityHost: https://l}", "`cloud.graphEndpoint` is missing"),
        ("cloud: {authorityHost: http://login.example}", "`cloud.authorityHost`: expected `https://HOST`"),
        ("cloud: {authorityHost: https://a@b}", "`cloud.authorityHost`: expected `https://HOST`"),
        ("cloud: {authorityHost: https://a?b=c}", "`cloud.authorityHost`: expected `https://HOST`"),
        ("cloud: {keyVaultSuffix: .vault.example}", "`cloud.keyVaultSuffix`: expected a host"),
        ("cloud: {keyVaultSuffix: vault.example/x}", "`cloud.keyVaultSuffix`: expected a host"),
        ("auth: {method: client-secrets}", "did you mean `client-secret`?"),
        ("auth: {method: client-secret, tenant: t.example}", "`auth.client` is missing"),
        (
            "auth: {method: client-secret, tenant: t, client: \(appId)}",
            "`auth.secretFile` is missing; or name"
        ),
        (
            "auth: {method: client-secret, tenant: t, client: \(appId), secretFile: f, secretEnvironment: E}",
            "expected one of `secretFile` and `secretEnvironment`, found both"
        ),
        (
            "auth: {method: client-certificate, tenant: t, client: \(appId)}",
            "`auth.certificateFile` is missing"
        ),
        ("auth: {method: github-oidc, tenant: t}", "`auth.client` is missing"),
        ("auth: {client: me}", "`auth.client`: expected a UUID, found `me`"),
        ("auth: {tenant: a/b}", "`auth.tenant`: expected a tenant's id or domain, found `a/b`"),
        (
            "auth: {secretFile: f}",
            "`auth.secretFile` has no meaning for method `auto`; it belongs to `method: client-"
        ),
        (
            "auth: {method: azure-cli, client: \(appId)}",
            "`auth.client` has no meaning for method `azure-cli`"
        ),
        (
            "auth: {method: client-secret, tenant: t, client: \(appId), secretEnvironment: A-B}",
            "`auth.secretEnvironment`: expected the name of an environment variable"
        ),
        ("auth: {secret: x}", "unknown key `secret` in `auth`"),
    ])
    func ofCloudAndAuth(text: String, expected: String) {
        #expect(faults("version: 1\n" + text).contains { $0.description.contains(expected) })
    }

    @Test(arguments: [
        ("{path: /x}", "2:6: `sinks.s.type` is missing; types: `keyring`, `key-vault`"),
        ("{type: keyvault}", "did you mean `key-vault`?"),
        ("{type: file}", "`sinks.s.path` is missing"),
        ("{type: file, path: /x, formt: json}", "unknown key `formt` in `sinks.s`; did you mean `format`?"),
        ("{type: file, path: /x, format: systemd}", "`sinks.s.format`: `systemd` is none of its values"),
        ("{type: file, path: ~/x}", "`~` is not understood in a path"),
        ("{type: file, path: /x/}", "expected a path without `/` at its end"),
        ("{type: file, path: '/{clutser}'}", "unknown placeholder `{clutser}`; did you mean `cluster`?"),
        ("{type: file, path: '/{cluster'}", "`{` without `}`"),
        ("{type: file, path: '/cluster}'}", "`}` without `{`"),
        ("{type: environment}", "`sinks.s.path` is missing"),
        ("{type: environment, format: systemd}", "`sinks.s.path` is missing"),
        ("{type: environment, format: github, variables: sdk}", "`sinks.s.variables`: `sdk` is none of its"),
        ("{type: key-vault}", "`sinks.s.vault` is missing"),
        (
            "{type: key-vault, vault: 'https://ops.vault.azure.net/secrets'}",
            "expected `https://NAME.vault.azure.net`"
        ),
        ("{type: key-vault, vault: 'http://ops.vault.azure.net'}", "expected `https://NAME.vault.azure.net`"),
        (
            "{type: key-vault, vault: 'https://ops.vault.azure.net.evil.example'}",
            "expected `https://NAME.vault"
        ),
        ("{type: key-vault, vault: 'https://evil.example#.vault.azure.net'}", "expected `https://NAME.vault"),
        ("{type: key-vault, vault: 'https://me@ops.vault.azure.net'}", "expected `https://NAME.vault"),
        ("{type: key-vault, vault: 'https://a.b.vault.azure.net'}", "expected `https://NAME.vault"),
        ("{type: key-vault, vault: 'https://vault.azure.net'}", "expected `https://NAME.vault"),
        ("{type: key-vault, vault: 'https://evilvault.azure.net'}", "expected `https://NAME.vault"),
        ("{type: key-vault, vault: 'https://ops.vault.azure.net:444'}", "expected `https://NAME.vault"),
        ("{type: plugin}", "`sinks.s.plugin` is missing"),
        ("{type: plugin, plugin: ../pass}", "`sinks.s.plugin`: expected a name"),
        ("{type: plugin, plugin: pass, options: []}", "`sinks.s.options`: expected a mapping, found a list"),
        ("{type: plugin, plugin: pass, options: {a: 1e999}}", "the number 1e999 cannot be given"),
        ("keyring", "`sinks.s`: expected a mapping, found `keyring`"),
    ])
    func ofASink(sink: String, expected: String) {
        let text = "sinks:\n  s: \(sink)\nversion: 1"
        #expect(
            faults(text).map { "\($0)".replacing("/etc/credferry/config.yaml:", with: "") }.contains {
                $0.contains(expected)
            })
    }

    @Test(arguments: [
        ("sinks: [disc]", "9:13 unknown sink `disc`; did you mean `disk`?"),
        ("sinks: [disk, disk]", "9:19 sink `disk` is given twice; the first is in line 9"),
        ("sinks: []", "9:12 `clusters[1].sinks`: expected a list of at least one, found an empty one"),
        ("apply: true", "6:5 `other` has no sinks: its secrets would be delivered nowhere"),
        (
            "apply: 1\n    sinks: [disk]",
            "9:12 `clusters[1].apply`: expected true or false, found the number 1"
        ),
        (
            "credentials: [sp]\n    sinks: [disk]",
            "9:19 `clusters[1].credentials[0]`: `sp` is none of its values; values: `service-principal`, `entra-app`"
        ),
        (
            "credentials: [application]\n    sinks: [disk]",
            "9:19 `clusters[1].credentials[0]`: `application` is none"
        ),
        (
            "credentials: []\n    sinks: [disk]",
            "9:18 `clusters[1].credentials`: expected a list of at least one"
        ),
        (
            "credentials: [entra-app, entra-app]\n    sinks: [disk]",
            "9:18 `clusters[1].credentials`: a credential is"
        ),
        ("cluster: a.b\n    sinks: [disk]", "9:14 `clusters[1].cluster`: expected a cluster's name in Azure"),
        ("cluster: -a\n    sinks: [disk]", "9:14 `clusters[1].cluster`: expected a cluster's name in Azure"),
        (
            "policy: {overlap: 24}\n    sinks: [disk]",
            "9:23 `clusters[1].policy.overlap`: expected a duration such"
        ),
        (
            "policy: {lifetime: 59m}\n    sinks: [disk]",
            "9:24 `clusters[1].policy.lifetime`: expected 1h to 730d, found `59m`"
        ),
        (
            "policy: {lifetime: 731d}\n    sinks: [disk]",
            "9:24 `clusters[1].policy.lifetime`: expected 1h to 730d"
        ),
        (
            "policy: {proofs: 21}\n    sinks: [disk]",
            "9:22 `clusters[1].policy.proofs`: expected a whole number from"
        ),
        (
            "policy: {rotateWithin: 180d}\n    sinks: [disk]",
            "9:28 `rotateWithin` (180d) has to be shorter than `lifetime` (180d)"
        ),
        ("policy: {rotateWithin: 2d, lifetime: 1d}\n    sinks: [disk]", "9:42 `rotateWithin` (2d) has to be"),
        ("policy: {rotate: 2d}\n    sinks: [disk]", "9:14 unknown key `rotate` in `clusters[1].policy`"),
    ])
    func ofACluster(members: String, expected: String) {
        let text = """
            version: 1
            sinks: {disk: {type: file, path: "/{cluster}.{credential}"}}
            clusters:
              - {name: prod, subscription: \(subscription), resourceGroup: rg, sinks: [disk]}

              - name: other
                subscription: \(subscription)
                resourceGroup: rg
                \(members)
            """
        #expect(fault(text).hasPrefix(expected))
    }

    @Test(arguments: [
        (
            "name: prod\n    subscription: \(appId)\n    resourceGroup: rg",
            "target `prod` is given twice; the first"
        ),
        (
            "name: b\n    cluster: PROD\n    subscription: \(subscription)\n    resourceGroup: RG",
            "cluster `\(subscription)/rg/prod` is given twice"
        ),
        (
            "name: a/b\n    subscription: \(appId)\n    resourceGroup: rg",
            "`clusters[1].name`: expected a name"
        ),
        (
            "name: a.b\n    subscription: \(appId)\n    resourceGroup: rg",
            "no cluster in Azure can be called as"
        ),
        (
            "name: b\n    subscription: prod\n    resourceGroup: rg",
            "`clusters[1].subscription`: expected a UUID"
        ),
        (
            "name: b\n    subscription: \(appId)\n    resourceGroup: rg.",
            "`clusters[1].resourceGroup`: expected a"
        ),
        (
            "name: b\n    subscription: \(appId)\n    resourceGroup: a/b",
            "`clusters[1].resourceGroup`: expected a"
        ),
    ])
    func ofTwoClusters(members: String, expected: String) {
        #expect(fault(small + "  - \(members)\n    sinks: [disk]\n").contains(expected))
    }

    @Test func ofDefaultsAreNamedOnceAndWhereTheyStand() {
        let text =
            small + "defaults: {sinks: [dsik], policy: {lifetime: 2d, rotateWithin: 3d}}\n"
            + "discover: {subscriptions: [\(subscription)]}\n"
        let faults = faults(text)
        #expect(
            faults.map(\.message) == [
                "unknown sink `dsik`", "`rotateWithin` (3d) has to be shorter than `lifetime` (2d)",
            ])
    }

    @Test func ofASinkDoNotMakeItUnknown() {
        let faults = faults(small.replacing("type: file,", with: "type: file, format: yaml,"))
        #expect(faults.count == 1)
    }

    @Test func areNamedTogetherFromTopToBottom() throws {
        let text = "version: 1\nconcurrency: x\nstate: 5\n" + (1...20).map { "key\($0): 1\n" }.joined()
        let faults = faults(text)
        #expect(faults.count == 10)
        let lines = faults.compactMap(\.position?.line)
        #expect(lines == Array(2...11))
        let error = try #require(faults.first)
        #expect(error.description.split(separator: "\n").count == 10)
    }

    /// A few nested aliases stand for millions of values.
    @Test(.timeLimit(.minutes(1))) func ofAliasesThatGrowWithoutEnd() {
        var options = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            options += "        a\(level): &a\(level) [\(aliases)]\n"
        }
        let text =
            "version: 1\nsinks:\n  s:\n    type: plugin\n    plugin: p\n    options:\n        " + options
        #expect(fault(text).contains("too many values"))
    }

    @Test func ofDeepNesting() {
        #expect(fault("version: 1\nstate: " + String(repeating: "[", count: 100_000)).contains("no YAML"))
    }
}
