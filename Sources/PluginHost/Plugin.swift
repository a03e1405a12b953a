internal import Glibc

/// A plugin that was found: a folder with a `plugin.json`, and its executable.
public struct Plugin: Sendable, Equatable {
    /// What the plugin says of itself.
    public let manifest: PluginManifest
    /// Its folder, as an absolute path without symbolic links.
    public let folder: String
    /// The file that is run.
    public let executablePath: String
    /// The SHA-256 of the `plugin.json` that was read.
    public let manifestDigest: Digest
    /// Whether it was found where the running program has brought its own plugins.
    public let isShipped: Bool

    let trust: Trust

    /// How large a `plugin.json` may be, in bytes.
    private static let largestManifest = 256 << 10

    /// Reads the plugin in `folder`.
    ///
    /// - Parameters:
    ///   - products: where a build has put executables; one there comes before the folder's own.
    ///   For plugins in their source folder.
    ///   - shippedBy: the owner of the program that has brought the plugin along; `nil` where none has.
    /// - Throws: ``PluginError`` where the manifest is wrong or somebody else could have written the files.
    init(folder: String, products: String? = nil, shippedBy: uid_t? = nil) throws(PluginError) {
        guard let real = FilePath.real(folder) else {
            throw PluginError(.notFound, "\(folder): \(FilePath.lastError)")
        }
        let manifestPath = real + "/plugin.json"
        let trust = Trust(owner: shippedBy)
        try trust.check(folder: real)
        try trust.check(file: manifestPath)
        let text = try FilePath.contents(of: manifestPath, limit: Self.largestManifest)
        let manifest = try PluginManifest(text, path: manifestPath)
        guard real.split(separator: "/").last.map(String.init) == manifest.name else {
            throw PluginError(
                .badManifest,
                "\(manifestPath): `name` is \"\(manifest.name)\", and its folder is called otherwise")
        }
        let built = products.map { "\($0)/\(manifest.executable)" }
        self.manifest = manifest
        self.folder = real
        executablePath = built.flatMap { FilePath.exists($0) ? $0 : nil } ?? "\(real)/\(manifest.executable)"
        manifestDigest = try Digest(of: text)
        isShipped = shippedBy != nil
        self.trust = trust
        _ = try OpenedExecutable.of(self)
    }
}
