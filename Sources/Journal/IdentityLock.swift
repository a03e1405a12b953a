internal import FoundationEssentials
internal import Glibc
internal import SinkCore

/// The lock that keeps two rotations of one identity apart, on one machine (R6).
///
/// It is a `flock` on a file of the state folder, so that the kernel lets go of it when its holder dies,
/// however it dies. The file's content only says who holds it, for the message to the one who came second.
public final class IdentityLock: Sendable {
    private let descriptor: CInt

    /// Takes the lock of the identity `appId`, or fails at once.
    ///
    /// - Throws: ``JournalError/Code/locked`` where another rotator holds it, with who and since when.
    public init(_ appId: String, in folder: StateFolder) throws(JournalError) {
        let isPlain = appId.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        precondition(isPlain && !appId.isEmpty, "an application id names a file")
        descriptor = try folder.open("\(folder.path)/locks/\(appId.lowercased())")
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.read(descriptor)
            close(descriptor)
            throw JournalError(
                .locked, "another rotator holds identity \(appId): \(holder)",
                hint: "try again when it is done")
        }
        Self.write(
            "process \(getpid()) of \(Self.user()) on \(Self.host()), since \(Timestamp.text(Date()))",
            descriptor)
    }

    deinit {
        ftruncate(descriptor, 0)
        close(descriptor)
    }

    private static func read(_ descriptor: CInt) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : "it has just begun"
    }

    private static func write(_ text: String, _ descriptor: CInt) {
        ftruncate(descriptor, 0)
        _ = Array(text.utf8).withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    private static func user() -> String {
        guard let entry = getpwuid(getuid()) else { return "user \(getuid())" }
        return String(cString: entry.pointee.pw_name)
    }

    private static func host() -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return name.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
    }
}
