internal import Glibc

/// A value that several threads share, behind a pthread lock.
///
/// Not `Synchronization.Mutex`: the Thread Sanitizer does not see its slow path and reports races that are
/// none.
final class Lock<Value: ~Copyable>: @unchecked Sendable {
    // Sendable: the value is reached only through the lock, and nothing that is not Sendable is handed out
    // by this module's uses.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    init(_ value: consuming Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        let result = pthread_mutex_init(mutex, nil)
        precondition(result == 0, "cannot make a lock")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
