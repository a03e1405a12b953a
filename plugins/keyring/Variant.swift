import CLibsecret

/// Reading D-Bus values.
enum Variant {
    /// What `read` makes of the member `index` of a tuple or array.
    static func child<Value>(
        _ container: OpaquePointer, _ index: Int, _ read: (OpaquePointer?) -> Value
    ) -> Value {
        let child = g_variant_get_child_value(container, gsize(index))
        defer { g_variant_unref(child) }
        return read(child)
    }

    /// The text of a string or an object path.
    static func string(_ value: OpaquePointer?) -> String {
        String(cString: g_variant_get_string(value, nil))
    }

    /// How many members an array has; 0 where it is something else.
    static func count(_ value: OpaquePointer?) -> Int {
        guard let value, g_variant_is_container(value) != 0 else { return 0 }
        return Int(g_variant_n_children(value))
    }

    /// The texts of an array of strings.
    static func strings(_ array: OpaquePointer?) -> [String] {
        guard let array else { return [] }
        return (0..<Int(g_variant_n_children(array))).map { child(array, $0, string) }
    }
}
