public import SecretMemory

/// A store that secrets are delivered to.
///
/// What a sink promises, and the conformance suite checks:
/// - `put` is durable before it returns, replaces what the name held, and doing it twice is doing it once.
/// - A reader never sees a half-written secret: it gets the old one or the new one.
/// - A name or value that the store cannot hold is refused (``SinkError/Code/refused``) before anything is
///   changed; it is never mangled into one that it can hold.
/// - Nothing waits for ever: where a person or a service does not answer, the call ends with an error.
/// - No error holds a secret.
///
/// Calls may come from several tasks at once.
public protocol Sink: Sendable {
    /// What this sink can do. Every sink can `put`.
    var capabilities: Set<SinkCapability> { get }

    /// Whether the store can hold something under `name`. Asks nobody: for checks before a rotation begins.
    ///
    /// - Throws: ``SinkError/Code/refused``, with what is wrong with the name.
    func check(name: String) throws(SinkError)

    /// Whether a put under `name` can be expected to succeed now: the store is in reach, unlocked, and lets
    /// us in. Changes nothing.
    ///
    /// A rotation asks before it adds a credential, so that a locked keyring costs nothing but a message.
    func probe(_ name: String) async throws(SinkError)

    /// Stores `secret` under `name`, in place of what the name held.
    ///
    /// - Returns: the store's own name for what was written, where it has one.
    func put(_ secret: borrowing Secret, as name: String, metadata: Metadata) async throws(SinkError)
        -> String?

    /// What `name` holds now.
    ///
    /// - Throws: ``SinkError/Code/notFound`` where it holds nothing, ``SinkError/Code/unsupported`` where the
    ///   sink cannot be read.
    func get(_ name: String) async throws(SinkError) -> StoredSecret

    /// Removes what `name` holds; nothing to remove is no error.
    func delete(_ name: String) async throws(SinkError)

    /// What is stored under names that begin with `prefix`.
    func list(prefix: String) async throws(SinkError) -> [SinkEntry]
}

extension Sink {
    /// Any name will do.
    public func check(name: String) throws(SinkError) {}

    /// A store that can be read is read; whether it holds something does not matter.
    public func probe(_ name: String) async throws(SinkError) {
        guard capabilities.contains(.get) else { return }
        do throws(SinkError) {
            _ = try await get(name)
        } catch {
            guard error.code == .notFound else { throw error }
        }
    }

    /// Not every store can be read.
    public func get(_ name: String) async throws(SinkError) -> StoredSecret {
        throw SinkError(.unsupported, "this sink cannot be read")
    }

    /// Not every store can forget.
    public func delete(_ name: String) async throws(SinkError) {
        throw SinkError(.unsupported, "this sink cannot remove what it holds")
    }

    /// Not every store can be listed.
    public func list(prefix: String) async throws(SinkError) -> [SinkEntry] {
        throw SinkError(.unsupported, "this sink cannot list what it holds")
    }
}

/// What a sink can do.
public enum SinkCapability: String, Sendable, Hashable, Codable, CaseIterable {
    /// It stores secrets.
    case put
    /// It gives back what it stores.
    case get
    /// It removes what it stores.
    case delete
    /// It lists what it stores.
    case list
}

/// A secret as a sink gives it back.
public struct StoredSecret: ~Copyable, Sendable {
    /// The secret.
    public let secret: Secret
    /// What was stored with it; `nil` where the store keeps the secret alone.
    public let metadata: Metadata?
    /// The store's own name for what it gave.
    public let version: String?

    /// Puts together what a store gave.
    public init(secret: consuming Secret, metadata: Metadata? = nil, version: String? = nil) {
        self.secret = secret
        self.metadata = metadata
        self.version = version
    }
}

/// One line of a sink's list.
public struct SinkEntry: Sendable, Equatable {
    /// The name it is stored under.
    public let name: String
    /// The store's own name for what it holds.
    public let version: String?
    /// What was stored with it.
    public let metadata: Metadata?

    /// One line of a list.
    public init(name: String, version: String? = nil, metadata: Metadata? = nil) {
        self.name = name
        self.version = version
        self.metadata = metadata
    }
}
