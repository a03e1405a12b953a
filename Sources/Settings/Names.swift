/// Which names are taken, and where the rules come from.
///
/// What passes here ends up in paths, URLs and templates: the rules leave nothing in that has a meaning there.
enum Names {
    /// What clusters, identities, sinks and plugins may be called in the configuration: letters, digits, `.`,
    /// `_` and `-`, at most 63, a letter or digit first.
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isAlphanumeric(first), text.utf8.count <= 63 else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "._-".utf8.contains($0) }
    }

    /// What AKS calls a cluster: `resourceNameRules` of Microsoft.ContainerService/managedClusters.
    static func isClusterName(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, isAlphanumeric(first),
            isAlphanumeric(last), text.utf8.count <= 63
        else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "-_".utf8.contains($0) }
    }

    /// What Resource Manager calls a group: at most 90 letters and digits of any script, `_`, `-`, `.`, `(`
    /// and `)`, no full stop at the end.
    static func isResourceGroup(_ text: String) -> Bool {
        guard (1...90).contains(text.count), text.last != "." else { return false }
        return text.allSatisfy { $0.isLetter || $0.isNumber || "_-.()".contains($0) }
    }

    /// What Key Vault calls a secret: at most 127 letters, digits and `-`.
    static func isVaultSecret(_ text: String) -> Bool {
        (1...127).contains(text.utf8.count)
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// What an environment variable may be called (POSIX, 3.216 Name).
    static func isVariable(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, !isDigit(first) else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
    }

    /// A UUID in its usual form of 8-4-4-4-12 hexadecimal digits.
    static func isUUID(_ text: String) -> Bool {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return false }
        return groups.allSatisfy { $0.utf8.allSatisfy { isHexadecimal($0) } }
    }

    /// A host's name: labels of letters, digits and `-`, with dots between (RFC 1123, section 2.1).
    static func isHost(_ text: some StringProtocol) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.utf8.first, let last = label.utf8.suffix(1).first else { return false }
            return label.utf8.count <= 63 && isAlphanumeric(first) && isAlphanumeric(last)
                && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
