internal import FoundationEssentials

/// Things made from the system's random source.
enum Random {
    /// A GUID in lower case, as Azure writes them.
    static func guid() -> String {
        UUID().uuidString.lowercased()
    }

    /// Random bytes.
    static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max) }
    }

    /// 32 hexadecimal digits: a version in Key Vault.
    static func version() -> String {
        bytes(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A secret as Entra makes them: 40 characters, `abc8Q~` and 34 more.
    static func secret() -> String {
        text(3, of: letters) + "8Q~" + text(34, of: letters + "0123456789._~-")
    }

    /// A secret of Entra's form with a character that AKS refuses.
    static func secretWithBadCharacter() -> String {
        String(secret().dropLast(2)) + "`a"
    }

    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    private static func text(_ count: Int, of alphabet: String) -> String {
        String((0..<count).compactMap { _ in alphabet.randomElement() })
    }
}
