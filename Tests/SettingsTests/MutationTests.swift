import FoundationEssentials
import Testing

@testable import Settings

/// Whatever is wrong with a configuration, it is refused with a place; nothing is dropped in silence.
@Suite("Configurations with one value exchanged")
struct MutationTests {
    static let whole = """
        version: 1
        cloud:
          authorityHost: https://login.example
          graphEndpoint: https://graph.example
          resourceManagerEndpoint: https://arm.example
          keyVaultSuffix: vault.example
          graphAudience: a
          certificateAuthorities: ca.pem
        auth:
          method: client-certificate
          tenant: t.example
          client: \(appId)
          certificateFile: c
          certificatePasswordFile: p
        state: /s
        concurrency: 4
        sinks:
          ring:
            type: keyring
            collection: login
            label: l
          vault:
            type: key-vault
            vault: https://v.vault.example
            secret: "{cluster}"
          disk:
            type: file
            path: /p/{cluster}.{credential}
            format: raw
          ci:
            type: environment
            path: /e/{cluster}.{credential}
            format: systemd
            variables: azure-identity
          team:
            type: plugin
            plugin: pass
            name: "{cluster}"
            options:
              a: 1
        defaults:
          sinks:
            - ring
          policy:
            lifetime: 90d
            rotateWithin: 9d
            overlap: 1h
            proofs: 2
            proofTimeout: 1m
            applyTimeout: 1h
            replaceWait: 1m
        clusters:
          - name: prod
            subscription: \(subscription)
            resourceGroup: rg
            cluster: aks
            credentials:
              - entra-app
            sinks:
              - vault
              - disk
            policy:
              proofs: 3
            apply: false
        identities:
          - name: deployer
            appId: \(appId)
            sinks:
              - team
              - ci
        discover:
          subscriptions:
            - \(subscription)
        """

    static let lines = whole.split(separator: "\n").map(String.init)

    @Test func areTakenAsTheyAre() throws {
        let configuration = try parse(Self.whole)
        #expect(configuration.sinks.count == 5)
        #expect(configuration.clusters.count == 1)
        #expect(configuration.identities.count == 1)
        #expect(configuration.discover != nil)
    }

    @Test(arguments: [
        "", "[]", "{}", "~", "true", "7", "-1", "1.5", "''", "'/'", "'{'", "${X}", "\"\\0\"", "ü !", "a",
    ])
    func areRefusedWithAPlaceOrTaken(value: String) throws {
        var refused = 0
        for index in Self.lines.indices {
            var lines = Self.lines
            if let colon = lines[index].firstRange(of: ": ") {
                lines[index].replaceSubrange(colon.upperBound..., with: value)
            } else if lines[index].hasSuffix(":") {
                lines[index] += " " + value
            } else if let dash = lines[index].firstRange(of: "- ") {
                lines[index].replaceSubrange(dash.upperBound..., with: value)
            }
            do {
                let configuration = try parse(lines.joined(separator: "\n"))
                #expect(configuration.sinks.count == 5, "\(lines[index])")
                #expect(configuration.clusters.count == 1, "\(lines[index])")
                #expect(configuration.identities.count == 1, "\(lines[index])")
                #expect(configuration.discover != nil, "\(lines[index])")
            } catch let error as ConfigurationError {
                refused += 1
                #expect(error.position != nil, "\(lines[index])")
            }
        }
        // Most values do not fit most keys; a parser that takes them all would pass without this.
        #expect(refused > Self.lines.count / 2)
    }

    @Test func areRefusedWithoutTheirNeeds() throws {
        let needed = [
            "version", "authorityHost", "graphEndpoint", "resourceManagerEndpoint", "keyVaultSuffix",
            "tenant",
            "client", "certificateFile", "type", "vault", "plugin", "subscription", "resourceGroup", "appId",
        ]
        for index in Self.lines.indices {
            let key =
                Self.lines[index].split(separator: ":").first?.trimmingPrefix(while: { $0 == " " }) ?? ""
            guard needed.contains(String(key)), !Self.lines[index].hasSuffix(":") else { continue }
            var lines = Self.lines
            lines.remove(at: index)
            let error = #expect(throws: ConfigurationError.self) { try parse(lines.joined(separator: "\n")) }
            #expect(error?.description.contains("\(key)` is missing") == true, "\(Self.lines[index])")
        }
    }
}
