import CLibsecret
import PluginKit
import SecretMemory
import SinkCore

/// The secret service of the user's session (org.freedesktop.secrets: gnome-keyring, KWallet, KeePassXC).
///
/// A name's secret is one item of the collection, with these attributes:
///
/// | attribute | value |
/// | --- | --- |
/// | `application` | `credferry` |
/// | `name` | the name that it was put under: what `get`, `delete` and `list` go by |
/// | `cluster`, `credential`, `appId`, `keyId`, `tenant`, `notAfter`, `clientAppId` | the metadata |
///
/// so that `secret-tool lookup application credferry cluster C credential K` prints the current secret. A `put`
/// stores the new item first and then removes the others of its name: at no moment is there none.
///
/// There is no fallback: where the secret service cannot be used, a call ends with an error within five
/// seconds, and the secret is written nowhere else.
struct KeyringSink: Sink {
    let capabilities = Set(SinkCapability.allCases)

    private let collection: String
    private let label: String

    /// What libsecret gets before it is told to give up; below the five seconds that are promised.
    private static let time = Duration.seconds(4)
    /// What it gets to notice.
    private static let grace = Duration.milliseconds(500)

    /// Reads the options `collection` and `label`.
    init(_ options: PluginOptions) throws(SinkError) {
        try options.allowOnly("collection", "label")
        collection = try options.string("collection") ?? "default"
        label = try options.string("label") ?? "{cluster} {credential}"
        guard !collection.isEmpty, !collection.utf8.contains(0) else {
            throw SinkError(.refused, "the option \"collection\" names no collection")
        }
        guard !label.isEmpty, !label.utf8.contains(0) else {
            throw SinkError(.refused, "the option \"label\" is empty or holds a NUL")
        }
    }

    func check(name: String) throws(SinkError) {
        guard !name.isEmpty, !name.utf8.contains(0) else {
            throw SinkError(.refused, "a name in a keyring cannot be empty or hold a NUL")
        }
    }

    func put(
        _ secret: borrowing Secret, as name: String, metadata: Metadata
    ) async throws(SinkError) -> String? {
        try check(name: name)
        let attributes = ItemAttributes(name: name, metadata: metadata)
        guard attributes.values.values.allSatisfy({ !$0.utf8.contains(0) }) else {
            throw SinkError(.refused, "metadata in a keyring cannot hold a NUL")
        }
        let label = filledLabel(metadata)
        let shared = SharedSecret(secret.clone())
        return try await run { keyring throws(SinkError) in
            let path = try keyring.store(shared.secret, attributes: attributes, label: label)
            for item in try keyring.items(ItemAttributes(name: name)) where item.path != path {
                try keyring.remove(item)
            }
            return path
        }
    }

    func get(_ name: String) async throws(SinkError) -> StoredSecret {
        try check(name: name)
        let found = try await run { keyring throws(SinkError) in
            guard let item = try keyring.items(ItemAttributes(name: name)).last else {
                throw SinkError(.notFound, "the keyring \"\(keyring.name)\" holds nothing under \"\(name)\"")
            }
            return Found(
                secret: try keyring.secret(of: item), metadata: item.attributes.metadata, version: item.path)
        }
        return StoredSecret(
            secret: found.secret.secret.clone(), metadata: found.metadata, version: found.version)
    }

    func delete(_ name: String) async throws(SinkError) {
        try check(name: name)
        try await run { keyring throws(SinkError) in
            for item in try keyring.items(ItemAttributes(name: name)) { try keyring.remove(item) }
        }
    }

    func list(prefix: String) async throws(SinkError) -> [SinkEntry] {
        try await run { keyring throws(SinkError) in
            // Where a name has two items, a `put` has just stored the later one.
            var entries: [String: SinkEntry] = [:]
            for item in try keyring.items(ItemAttributes()) {
                guard let name = item.attributes.name, name.hasPrefix(prefix) else { continue }
                entries[name] = SinkEntry(name: name, version: item.path, metadata: item.attributes.metadata)
            }
            return entries.values.sorted { $0.name < $1.name }
        }
    }

    private struct Found: Sendable {
        let secret: SharedSecret
        let metadata: Metadata?
        let version: String
    }

    private func filledLabel(_ metadata: Metadata) -> String {
        let values = [
            "{cluster}": metadata.cluster, "{credential}": metadata.credential, "{appId}": metadata.appId,
        ]
        var filled = ""
        var rest = label[...]
        // From left to right, so that a value that looks like a placeholder stays what it is.
        while let start = rest.firstIndex(of: "{") {
            filled += rest[..<start]
            rest = rest[start...]
            if let (placeholder, value) = values.first(where: { rest.hasPrefix($0.key) }) {
                filled += value
                rest = rest.dropFirst(placeholder.count)
            } else {
                filled.append(rest.removeFirst())
            }
        }
        return filled + rest
    }

    /// Opens the collection on a thread of its own, where libsecret may block, and calls `body` there.
    private func run<Value: Sendable>(
        _ body: @escaping @Sendable (Keyring) throws(SinkError) -> Value
    ) async throws(SinkError) -> Value {
        let cancellable = Cancellable()
        let timer = Task {
            try await Task.sleep(for: Self.time)
            cancellable.cancel(.deadline)
        }
        defer { timer.cancel() }
        let collection = collection
        let result: Result<Value, SinkError> = await withTaskCancellationHandler {
            do throws(SinkError) {
                let value = try await onThread(within: Self.time + Self.grace, late: Keyring.silent) {
                    () throws(SinkError) in
                    try body(try Keyring(collection: collection, cancellable: cancellable))
                }
                return .success(value)
            } catch {
                return .failure(error)
            }
        } onCancel: {
            cancellable.cancel(.host)
        }
        return try result.get()
    }
}
