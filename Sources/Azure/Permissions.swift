/// What an account may do with a resource: what each of its roles allows, less what that role leaves out.
public struct Permissions: Sendable {
    /// One role's share.
    struct Grant: Decodable, Sendable {
        let actions: [String]?
        let notActions: [String]?
    }

    private let grants: [Grant]

    init(_ grants: [Grant]) {
        self.grants = grants
    }

    /// Whether one of the roles allows `action`, such as `Microsoft.ContainerService/managedClusters/read`.
    ///
    /// Source: Microsoft's "Understand Azure role definitions": `*` stands for anything, letters of either case are
    /// alike, and what one role leaves out another may allow.
    public func allow(_ action: String) -> Bool {
        grants.contains { grant in
            (grant.actions ?? []).contains { Self.matches(action, $0) }
                && !(grant.notActions ?? []).contains { Self.matches(action, $0) }
        }
    }

    static func matches(_ action: String, _ pattern: String) -> Bool {
        let parts = pattern.lowercased().split(separator: "*", omittingEmptySubsequences: false)
        var rest = Substring(action.lowercased())
        guard let first = parts.first, let last = parts.last, rest.hasPrefix(first) else { return false }
        if parts.count == 1 { return rest == first }
        rest = rest.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return rest.hasSuffix(last)
    }
}
