import CLibsecret
import SinkCore

/// The attributes of an item: what it is found by, and what is stored beside its secret.
struct ItemAttributes: Sendable, Equatable {
    let values: [String: String]

    /// Those of every item of credferry's; with a name, those of that name's.
    init(name: String? = nil) {
        var values = ["application": "credferry"]
        values["name"] = name
        self.values = values
    }

    /// Those of a new item.
    init(name: String, metadata: Metadata) {
        var values = [
            "application": "credferry", "name": name, "cluster": metadata.cluster,
            "credential": metadata.credential, "appId": metadata.appId, "keyId": metadata.keyId,
            "tenant": metadata.tenant, "notAfter": Timestamp.text(metadata.notAfter),
        ]
        values["clientAppId"] = metadata.clientAppId
        self.values = values
    }

    /// Those of an item that was found.
    init(_ table: OpaquePointer) {
        var values: [String: String] = [:]
        var iterator = GHashTableIter()
        g_hash_table_iter_init(&iterator, table)
        var (key, value): (gpointer?, gpointer?)
        while g_hash_table_iter_next(&iterator, &key, &value) != 0 {
            guard let key, let value else { continue }
            values[Self.text(key)] = Self.text(value)
        }
        self.values = values
    }

    /// The name that the item was put under.
    var name: String? { values["name"] }

    /// What was stored beside the secret; `nil` where something of it is missing.
    var metadata: Metadata? {
        guard let appId = values["appId"], let tenant = values["tenant"], let keyId = values["keyId"],
            let cluster = values["cluster"], let credential = values["credential"],
            let notAfter = values["notAfter"].flatMap(Timestamp.date)
        else { return nil }
        return Metadata(
            appId: appId, tenant: tenant, keyId: keyId, cluster: cluster, credential: credential,
            notAfter: notAfter, clientAppId: values["clientAppId"])
    }

    /// Calls `body` with the attributes as libsecret takes them.
    func withTable<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        guard let table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free) else {
            preconditionFailure("GLib ends the process before it gives no table")
        }
        defer { g_hash_table_unref(table) }
        for (key, value) in values { g_hash_table_insert(table, g_strdup(key), g_strdup(value)) }
        return body(table)
    }

    private static func text(_ pointer: gpointer) -> String {
        String(cString: pointer.assumingMemoryBound(to: CChar.self))
    }
}
