internal import FoundationEssentials

/// A role that a principal holds over a scope.
struct RoleAssignment: Sendable, Equatable {
    /// A GUID.
    let name: String
    /// The scope's resource id.
    let scope: String
    /// The role definition's resource id.
    let roleDefinitionId: String
    /// The principal's object id.
    let principalId: String
    let principalType: String
    let created: Date
}

/// A built-in role.
struct Role: Sendable {
    let id: String
    let name: String

    /// The few that clusters' identities usually hold (their ids are the same in every tenant).
    static let all = [
        Role(id: "b24988ac-6180-42a0-ab88-20f7382dd24c", name: "Contributor"),
        Role(id: "4d97b98b-1d4f-4787-a291-c67834d212e7", name: "Network Contributor"),
        Role(id: "7f951dda-4ed3-4680-a7ca-43fe172d538d", name: "AcrPull"),
        Role(id: "acdd72a7-3385-48ef-bd42-f606fba81ae7", name: "Reader"),
    ]
}
