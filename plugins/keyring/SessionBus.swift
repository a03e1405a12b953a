import CLibsecret
import Glibc
import SinkCore

/// The user's session bus, and whether a secret service can be reached on it.
///
/// libsecret by itself would wait 25 seconds for a service that cannot be started, and would start a bus of
/// its own where there is none: a keyring that nobody else sees.
final class SessionBus {
    let connection: OpaquePointer
    private let cancellable: Cancellable

    private static let secrets = "org.freedesktop.secrets"
    private static let mute = "the D-Bus session bus does not tell what runs on it"

    /// Connects to the session's bus.
    init(_ cancellable: Cancellable) throws(SinkError) {
        try Self.requireAddress()
        var error: UnsafeMutablePointer<GError>?
        guard let connection = g_bus_get_sync(G_BUS_TYPE_SESSION, cancellable.pointer, &error) else {
            let failure = Keyring.failure(error, "the D-Bus session bus cannot be reached", cancellable)
            throw failure == Keyring.silent
                ? SinkError(.unavailable, "the D-Bus session bus does not answer", hint: Self.mend)
                : SinkError(.unavailable, failure.message, hint: Self.mend)
        }
        // GLib would end the process with the bus; a call that fails says more.
        g_dbus_connection_set_exit_on_close(connection, 0)
        self.connection = connection
        self.cancellable = cancellable
    }

    deinit {
        g_object_unref(UnsafeMutableRawPointer(connection))
    }

    /// A variable of the environment; `nil` where it is unset or empty.
    static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    private static let mend =
        "run credferry in your desktop session; on a server, in one of its own: dbus-run-session -- COMMAND"

    /// The address of a bus that exists: its variable, or the socket that systemd makes.
    private static func requireAddress() throws(SinkError) {
        if variable("DBUS_SESSION_BUS_ADDRESS") != nil { return }
        if let folder = variable("XDG_RUNTIME_DIR"), access(folder + "/bus", F_OK) == 0 { return }
        throw SinkError(
            .unavailable,
            "there is no D-Bus session: DBUS_SESSION_BUS_ADDRESS is not set, and XDG_RUNTIME_DIR holds no bus",
            hint: mend)
    }

    /// Sees to it that a secret service runs, starting it where the bus knows how to.
    func requireSecretService() throws(SinkError) {
        let owned = try ask("NameHasOwner", [g_variant_new_string(Self.secrets)], "(b)", Self.mute)
        defer { g_variant_unref(owned) }
        if Variant.child(owned, 0, g_variant_get_boolean) != 0 { return }
        let names = try ask("ListActivatableNames", [], "(as)", Self.mute)
        defer { g_variant_unref(names) }
        guard Variant.child(names, 0, Variant.strings).contains(Self.secrets) else {
            throw SinkError(
                .unavailable, "no secret service runs in this D-Bus session, and none is installed",
                hint: "install and start one, such as gnome-keyring")
        }
        do throws(SinkError) {
            let started = try ask(
                "StartServiceByName", [g_variant_new_string(Self.secrets), g_variant_new_uint32(0)], "(u)",
                "no secret service runs, and the one that is installed cannot be started")
            g_variant_unref(started)
        } catch {
            throw SinkError(
                .unavailable,
                cancellable.reason == .deadline
                    ? "no secret service runs, and the one that is installed did not start in time"
                    : error.message,
                hint:
                    "start it by hand to see why, for gnome-keyring: gnome-keyring-daemon --start --foreground"
            )
        }
    }

    private func ask(
        _ method: String, _ arguments: [OpaquePointer?], _ type: String, _ failure: String
    ) throws(SinkError) -> OpaquePointer {
        try call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.\(method)", arguments,
            type,
            failure)
    }

    /// Calls a method and waits for its answer, a tuple of the type `type`, which the caller is to unref.
    ///
    /// - Parameters:
    ///   - method: the interface and the method, with a full stop between them.
    ///   - failure: what the failure of the call means.
    func call(
        _ destination: String, _ path: String, _ method: String, _ arguments: [OpaquePointer?],
        _ type: String,
        _ failure: String
    ) throws(SinkError) -> OpaquePointer {
        let (interface, member) = Self.split(method)
        var arguments = arguments
        let parameters = g_variant_new_tuple(&arguments, gsize(arguments.count))
        let reply = g_variant_type_new(type)
        defer { g_variant_type_free(reply) }
        var error: UnsafeMutablePointer<GError>?
        let answer = g_dbus_connection_call_sync(
            connection, destination, path, interface, member, parameters, reply, G_DBUS_CALL_FLAGS_NONE, -1,
            cancellable.pointer, &error)
        guard let answer else { throw Keyring.failure(error, failure, cancellable) }
        return answer
    }

    /// Calls a method without arguments and does not wait for its answer.
    func send(_ destination: String, _ path: String, _ method: String) {
        let (interface, member) = Self.split(method)
        g_dbus_connection_call(
            connection, destination, path, interface, member, nil, nil, G_DBUS_CALL_FLAGS_NONE, -1, nil, nil,
            nil)
    }

    private static func split(_ method: String) -> (interface: String, member: String) {
        let dot = method.lastIndex(of: ".") ?? method.startIndex
        return (String(method[..<dot]), String(method[dot...].dropFirst()))
    }
}
