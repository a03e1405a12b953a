import CLibsecret
import SinkCore
import Synchronization

/// Asks the person at the screen to unlock a collection: `Unlock`, then `Prompt`, then the signal `Completed`
/// (Secret Service API 0.2, section "Prompts and Prompted Operations").
///
/// libsecret 0.20.5 does the same in `secret_service_unlock_sync`, which never returns where it is cancelled
/// while a prompt is open.
struct UnlockPrompt {
    /// How the person has answered.
    enum Outcome {
        case unlocked
        case dismissed
        /// The call was ended before there was an answer.
        case unanswered
    }

    private let bus: SessionBus
    private let cancellable: Cancellable

    private static let nothing = "/"

    init(bus: SessionBus, cancellable: Cancellable) {
        self.bus = bus
        self.cancellable = cancellable
    }

    /// Has the collection at the object path `collection` unlocked.
    ///
    /// Where several calls find it locked, a person is asked once: those that come while a prompt is open wait
    /// for it and take over its outcome.
    func unlock(_ collection: String) throws(SinkError) -> Outcome {
        let asked = Self.rounds.load(ordering: .acquiring)
        return try Self.last.withLock { last throws(SinkError) in
            if let last, Self.rounds.load(ordering: .acquiring) > asked { return last }
            let outcome = try ask(collection)
            last = outcome
            Self.rounds.add(1, ordering: .releasing)
            return outcome
        }
    }

    /// How many prompts have been answered or given up, and how the last of them was; held while one is open.
    private static let rounds = Atomic(0)
    private static let last = Mutex<Outcome?>(nil)

    private func ask(_ collection: String) throws(SinkError) -> Outcome {
        // Signals come to the main context that is the thread's own when they are subscribed to.
        let context = g_main_context_new()
        g_main_context_push_thread_default(context)
        defer {
            g_main_context_pop_thread_default(context)
            g_main_context_unref(context)
        }
        var path = g_variant_new_object_path(collection)
        let answer = try bus.call(
            "org.freedesktop.secrets", "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Unlock",
            [g_variant_new_array(nil, &path, 1)], "(aoo)", "the secret service cannot unlock a keyring")
        defer { g_variant_unref(answer) }
        let prompt = Variant.child(answer, 1, Variant.string)
        if prompt == Self.nothing {
            return Variant.child(answer, 0, Variant.count) > 0 ? .unlocked : .dismissed
        }
        return try show(prompt, context)
    }

    private func show(_ prompt: String, _ context: OpaquePointer?) throws(SinkError) -> Outcome {
        let completion = Completion()
        let subscription = g_dbus_connection_signal_subscribe(
            bus.connection, "org.freedesktop.secrets", "org.freedesktop.Secret.Prompt", "Completed", prompt,
            nil,
            G_DBUS_SIGNAL_FLAGS_NONE, promptCompleted, Unmanaged.passUnretained(completion).toOpaque(), nil)
        // What wakes the context when the call is ended.
        let source = g_cancellable_source_new(cancellable.pointer)
        g_source_set_dummy_callback(source)
        g_source_attach(source, context)
        defer {
            g_source_destroy(source)
            g_source_unref(source)
            g_dbus_connection_signal_unsubscribe(bus.connection, subscription)
        }
        let shown = try bus.call(
            "org.freedesktop.secrets", prompt, "org.freedesktop.Secret.Prompt.Prompt",
            [g_variant_new_string("")],
            "()", "the secret service cannot ask for the keyring's password")
        g_variant_unref(shown)
        return withExtendedLifetime(completion) {
            while completion.outcome == nil && cancellable.reason == nil {
                g_main_context_iteration(context, 1)
            }
            if let outcome = completion.outcome { return outcome }
            // A prompt that outlives its call would wait for a person who has nothing more to gain by it.
            bus.send("org.freedesktop.secrets", prompt, "org.freedesktop.Secret.Prompt.Dismiss")
            return .unanswered
        }
    }

    fileprivate final class Completion {
        var outcome: Outcome?
    }
}

/// The signal `Completed(dismissed: b, result: v)`; the result is the list of what was unlocked.
private func promptCompleted(
    _: OpaquePointer?, _: UnsafePointer<gchar>?, _: UnsafePointer<gchar>?, _: UnsafePointer<gchar>?,
    _: UnsafePointer<gchar>?, parameters: OpaquePointer?, completion: gpointer?
) {
    guard let parameters, let completion, g_variant_n_children(parameters) == 2 else { return }
    let isDismissed = Variant.child(parameters, 0, g_variant_get_boolean) != 0
    let count = Variant.child(parameters, 1) { boxed in
        boxed.map { Variant.child($0, 0, Variant.count) } ?? 0
    }
    Unmanaged<UnlockPrompt.Completion>.fromOpaque(completion).takeUnretainedValue().outcome =
        isDismissed || count == 0 ? .dismissed : .unlocked
}
