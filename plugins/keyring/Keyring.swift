import CLibsecret
import SecretMemory
import SinkCore

/// An open collection of the secret service, for one call.
///
/// Everything here blocks, and ends when the call's ``Cancellable`` is fired. A new connection is made for
/// each call: it costs a few milliseconds, and no call has to find out that a keyring daemon was restarted.
final class Keyring {
    /// The collection's name, for messages.
    let name: String
    private let service: Owned<SecretService>
    private let collection: Owned<SecretCollection>
    private let cancellable: Cancellable

    /// An item of the collection.
    struct Item {
        fileprivate let object: Owned<SecretItem>
        /// Its object path on the bus: the store's own name for it.
        let path: String
        let attributes: ItemAttributes
        fileprivate let modified: UInt64

        /// What was stored later comes later; within one second, what expires later.
        fileprivate static func isEarlier(_ left: Item, _ right: Item) -> Bool {
            (left.modified, left.attributes.values["notAfter"] ?? "", left.path)
                < (right.modified, right.attributes.values["notAfter"] ?? "", right.path)
        }
    }

    /// Connects to the secret service and opens the collection `name`, unlocked.
    init(collection name: String, cancellable: Cancellable) throws(SinkError) {
        let bus = try SessionBus(cancellable)
        try bus.requireSecretService()
        var error: UnsafeMutablePointer<GError>?
        let service = secret_service_open_sync(
            credferry_secret_service_type(), nil, SECRET_SERVICE_OPEN_SESSION, cancellable.pointer, &error)
        guard let service else {
            throw Self.failure(error, "the secret service cannot be opened", cancellable)
        }
        self.name = name
        self.cancellable = cancellable
        self.service = Owned(service)
        collection = try Self.find(name, in: service, cancellable)
        try unlock(bus)
    }

    /// What a secret service that does not answer is.
    static let silent = SinkError(
        .unavailable, "the secret service does not answer",
        hint: "restart the keyring daemon, for gnome-keyring: gnome-keyring-daemon --replace --daemonize")

    // MARK: Items

    /// Stores an item in place of one with the same attributes; its path.
    func store(
        _ secret: borrowing Secret, attributes: ItemAttributes, label: String
    ) throws(SinkError) -> String {
        let type = secret.isUTF8 ? "text/plain" : "application/octet-stream"
        // libsecret copies the bytes into memory that is locked and zeroed when it is freed.
        let value = secret.withUnsafeBytes { bytes in
            secret_value_new(
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self), gssize(bytes.count), type)
        }
        defer { secret_value_unref(UnsafeMutableRawPointer(value)) }
        var error: UnsafeMutablePointer<GError>?
        let item = attributes.withTable { table in
            secret_item_create_sync(
                collection.pointer, credferry_keyring_schema(), table, label, value,
                SECRET_ITEM_CREATE_REPLACE, cancellable.pointer, &error)
        }
        guard let item else { throw Self.failure(error, "the keyring \"\(name)\" cannot store", cancellable) }
        return Self.path(Owned(item))
    }

    /// The items that have these attributes, the latest last.
    func items(_ attributes: ItemAttributes) throws(SinkError) -> [Item] {
        var error: UnsafeMutablePointer<GError>?
        let list = attributes.withTable { table in
            secret_collection_search_sync(
                collection.pointer, credferry_keyring_schema(), table, SECRET_SEARCH_ALL, cancellable.pointer,
                &error)
        }
        if error != nil {
            throw Self.failure(error, "the keyring \"\(name)\" cannot be searched", cancellable)
        }
        return Self.objects(list, of: SecretItem.self).map { object in
            let table = secret_item_get_attributes(object.pointer)
            defer { if let table { g_hash_table_unref(table) } }
            return Item(
                object: object, path: Self.path(object),
                attributes: table.map { ItemAttributes($0) } ?? ItemAttributes(),
                modified: UInt64(secret_item_get_modified(object.pointer)))
        }.sorted(by: Item.isEarlier)
    }

    /// The item's secret.
    func secret(of item: Item) throws(SinkError) -> SharedSecret {
        var error: UnsafeMutablePointer<GError>?
        guard secret_item_load_secret_sync(item.object.pointer, cancellable.pointer, &error) != 0,
            let value = secret_item_get_secret(item.object.pointer)
        else {
            throw Self.failure(error, "the keyring \"\(name)\" does not give the secret", cancellable)
        }
        defer { secret_value_unref(UnsafeMutableRawPointer(value)) }
        var count: gsize = 0
        guard let bytes = secret_value_get(value, &count) else {
            throw SinkError(.broken, "the keyring \"\(name)\" gives an item without a secret")
        }
        var buffer = SecretBuffer(capacity: Int(count))
        buffer.append(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
        return SharedSecret(buffer.finish())
    }

    /// Removes the item.
    func remove(_ item: Item) throws(SinkError) {
        var error: UnsafeMutablePointer<GError>?
        guard secret_item_delete_sync(item.object.pointer, cancellable.pointer, &error) != 0 else {
            throw Self.failure(error, "the keyring \"\(name)\" cannot remove \(item.path)", cancellable)
        }
    }

    private static func path<Object>(_ object: Owned<Object>) -> String {
        // libsecret's objects are GDBusProxies, which C can only say by a cast.
        let proxy = UnsafeMutableRawPointer(object.pointer).assumingMemoryBound(to: GDBusProxy.self)
        return String(cString: g_dbus_proxy_get_object_path(proxy))
    }

    /// Takes over a list of objects.
    fileprivate static func objects<Object>(
        _ list: UnsafeMutablePointer<GList>?, of type: Object.Type
    ) -> [Owned<Object>] {
        defer { g_list_free(list) }
        var objects: [Owned<Object>] = []
        var node = list
        while let current = node {
            if let data = current.pointee.data { objects.append(Owned(data.assumingMemoryBound(to: type))) }
            node = current.pointee.next
        }
        return objects
    }
}

// MARK: - Collections

extension Keyring {
    /// The collection that has `name` as an alias, else as its label, else at the end of its path.
    private static func find(
        _ name: String, in service: UnsafeMutablePointer<SecretService>, _ cancellable: Cancellable
    ) throws(SinkError) -> Owned<SecretCollection> {
        var error: UnsafeMutablePointer<GError>?
        let byAlias = secret_collection_for_alias_sync(
            service, name, SECRET_COLLECTION_NONE, cancellable.pointer, &error)
        if let byAlias { return Owned(byAlias) }
        if error != nil { throw failure(error, "the keyring \"\(name)\" cannot be opened", cancellable) }
        guard secret_service_load_collections_sync(service, cancellable.pointer, &error) != 0 else {
            throw failure(error, "the keyrings cannot be listed", cancellable)
        }
        let all = objects(secret_service_get_collections(service), of: SecretCollection.self)
        let labels = all.map { collection in
            let label = secret_collection_get_label(collection.pointer)
            defer { g_free(label) }
            return label.map { String(cString: $0) } ?? ""
        }
        if let index = labels.firstIndex(of: name) { return all[index] }
        throw SinkError(
            .refused, "there is no keyring \"\(name)\"",
            hint: name == "default"
                ? "log in to the desktop once, or make a keyring with Seahorse and set it as the default"
                : "there are: \(labels.filter { !$0.isEmpty }.joined(separator: ", "))")
    }

    /// Unlocks the collection where it is locked; a person is asked only where there is a screen to ask on.
    private func unlock(_ bus: SessionBus) throws(SinkError) {
        guard secret_collection_get_locked(collection.pointer) != 0 else { return }
        let mend =
            "unlock it: log in to the desktop or open it in Seahorse; without a screen, "
            + "gnome-keyring-daemon --replace --unlock reads the password from standard input"
        guard Self.hasScreen else {
            throw SinkError(
                .locked,
                "the keyring \"\(name)\" is locked, and there is no screen to ask for its password on",
                hint: mend)
        }
        switch try UnlockPrompt(bus: bus, cancellable: cancellable).unlock(Self.path(collection)) {
        case .unlocked:
            break
        case .dismissed:
            throw SinkError(
                .locked, "the keyring \"\(name)\" is locked, and its prompt was dismissed", hint: mend)
        case .unanswered:
            throw SinkError(
                .locked, "the keyring \"\(name)\" is locked, and nobody answered its prompt in time",
                hint: mend)
        }
    }

    private static var hasScreen: Bool {
        ["DISPLAY", "WAYLAND_DISPLAY"].contains { SessionBus.variable($0) != nil }
    }
}

// MARK: - Errors

extension Keyring {
    /// Takes over what GLib says went wrong.
    static func failure(
        _ error: UnsafeMutablePointer<GError>?, _ what: String, _ cancellable: Cancellable
    ) -> SinkError {
        guard let error else { return SinkError(.broken, "\(what): the secret service gives no reason") }
        g_dbus_error_strip_remote_error(error)
        defer { g_error_free(error) }
        switch cancellable.reason {
        case .deadline: return silent
        case .host: return SinkError(.unavailable, "\(what): the call was given up")
        case nil: break
        }
        let reason = error.pointee.message.map { String(cString: $0) } ?? "no reason given"
        if g_error_matches(error, g_io_error_quark(), gint(G_IO_ERROR_CANCELLED.rawValue)) != 0 {
            // Another call's cancellation: connecting to the bus is shared.
            return silent
        }
        if error.pointee.domain == secret_error_get_quark(),
            error.pointee.code == gint(SECRET_ERROR_IS_LOCKED.rawValue)
        {
            return SinkError(.locked, "\(what): it is locked", hint: "unlock it and try again")
        }
        return SinkError(.unavailable, "\(what): \(reason)")
    }
}
