import FoundationEssentials
import Testing

@testable import AzureSandbox

@Suite("A vault")
struct VaultTests {
    let start = Scenario.start

    private func version(_ value: String) -> Vault.Version {
        Vault.Version(id: Random.version(), value: value, tags: [:], created: start, updated: start)
    }

    @Test func everySetMakesAVersion() throws {
        var vault = Vault()
        try vault.set("a", to: version("1"), at: start)
        try vault.set("A", to: version("2"), at: start)
        #expect(try vault.entry("a").versions.map(\.value) == ["1", "2"])
    }

    @Test func aDeletedNameCannotBeReusedUntilItIsPurged() throws {
        var vault = Vault()
        try vault.set("a", to: version("1"), at: start)
        _ = try vault.delete("a", at: start)
        #expect(throws: Vault.Refusal.deletedButRecoverable) {
            try vault.set("a", to: version("2"), at: start)
        }
        #expect(throws: Vault.Refusal.notFound) { try vault.entry("a") }
        #expect(try vault.deletedEntry("a").versions.count == 1)
        try vault.purge("a", at: start)
        try vault.set("a", to: version("2"), at: start)
        #expect(try vault.entry("a").versions.map(\.value) == ["2"])
    }

    @Test func recoveryBringsEveryVersionBack() throws {
        var vault = Vault()
        try vault.set("a", to: version("1"), at: start)
        try vault.set("a", to: version("2"), at: start)
        _ = try vault.delete("a", at: start)
        _ = try vault.recover("a", at: start)
        #expect(try vault.entry("a").versions.map(\.value) == ["1", "2"])
        #expect(throws: Vault.Refusal.notDeleted) { try vault.recover("a", at: start) }
        #expect(throws: Vault.Refusal.notDeleted) { try vault.purge("a", at: start) }
    }

    @Test func whileItIsBeingDeletedNothingGoes() throws {
        var vault = Vault()
        vault.deletionTime = 5
        try vault.set("a", to: version("1"), at: start)
        _ = try vault.delete("a", at: start)
        #expect(throws: Vault.Refusal.beingDeleted) { try vault.set("a", to: version("2"), at: start + 4) }
        #expect(throws: Vault.Refusal.beingDeleted) { try vault.recover("a", at: start + 4) }
        #expect(throws: Vault.Refusal.beingDeleted) { try vault.purge("a", at: start + 4) }
        #expect(try vault.recover("a", at: start + 5).deleted == nil)
    }
}
