/// The program's version.
public enum Version {
    /// As semver.org writes it.
    public static let current = "0.1.0"
}
