public import SecretMemory
public import SinkCore

/// Secrets in files of their own; a name is the file's absolute path.
///
/// A file is made with mode 0600, written whole under another name and then renamed, so that a reader gets the
/// old secret or the new one. It is on the disk when `put` returns.
public struct FileSink: Sink {
    /// How the files are written.
    public let format: FileFormat

    /// Makes a sink of files in one format.
    public init(format: FileFormat) {
        self.format = format
    }

    /// All there is.
    public var capabilities: Set<SinkCapability> { [.put, .get, .delete, .list] }

    /// Whether `name` can be a file's path.
    public func check(name: String) throws(SinkError) {
        _ = try SecretFile(name)
    }

    /// Whether the file `name` could be replaced; what it holds now does not matter.
    public func probe(_ name: String) async throws(SinkError) {
        try SecretFile(name).probe()
    }

    /// Replaces the file `name`, and makes the folders above it where they are missing.
    public func put(
        _ secret: borrowing Secret, as name: String, metadata: Metadata
    ) async throws(SinkError) -> String? {
        let file = try SecretFile(name)
        let content = try SecretDocument.render(secret, metadata, syntax)
        try file.replace(with: content)
        return nil
    }

    /// Reads the file `name`; a file that was edited by hand will do, if the secret can be found in it.
    public func get(_ name: String) async throws(SinkError) -> StoredSecret {
        let content = try SecretFile(name).read()
        return try SecretDocument.parse(content, syntax, path: name)
    }

    /// Removes the file `name`.
    public func delete(_ name: String) async throws(SinkError) {
        try SecretFile(name).remove()
    }

    /// The files of one folder whose paths begin with `prefix`.
    public func list(prefix: String) async throws(SinkError) -> [SinkEntry] {
        try SecretDocument.list(prefix: prefix, syntax)
    }

    private var syntax: SecretDocument.Syntax {
        switch format {
        case .json: .json
        case .raw: .raw
        case .dotenv: .variables(.dotenv, .article)
        case .shell: .variables(.shell, .article)
        }
    }
}
