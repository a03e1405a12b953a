internal import Synchronization

/// A value that is made when it is first asked for, and kept.
final class Once<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    /// The value; `make` is called by the first caller, and by the next where it threw.
    func get<Failure: Error>(_ make: () throws(Failure) -> Value) throws(Failure) -> Value {
        try value.withLock { (value) throws(Failure) in
            if let value { return value }
            let made = try make()
            value = made
            return made
        }
    }
}
