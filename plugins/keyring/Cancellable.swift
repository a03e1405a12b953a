import CLibsecret
import Synchronization

/// What ends a call of libsecret from outside, and why.
final class Cancellable: @unchecked Sendable {
    // Sendable: a GCancellable may be used from any thread, says its documentation.
    let pointer: UnsafeMutablePointer<GCancellable>

    /// Why a call was ended.
    enum Reason: Sendable {
        /// Its time was over.
        case deadline
        /// The host has given it up.
        case host
    }

    private let why = Mutex<Reason?>(nil)

    init() {
        pointer = g_cancellable_new()
    }

    deinit {
        g_object_unref(pointer)
    }

    /// Ends the call that this was handed to; the first reason counts.
    func cancel(_ reason: Reason) {
        why.withLock { $0 = $0 ?? reason }
        g_cancellable_cancel(pointer)
    }

    /// Why it was ended; `nil` where it was not.
    var reason: Reason? { why.withLock { $0 } }
}

/// A GObject that is released with its last owner here.
final class Owned<Object> {
    let pointer: UnsafeMutablePointer<Object>

    /// Takes over a reference.
    init(_ pointer: UnsafeMutablePointer<Object>) {
        self.pointer = pointer
    }

    deinit {
        g_object_unref(pointer)
    }
}
