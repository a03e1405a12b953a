internal import Glibc

/// Who does something: a process, of a user, on a host.
public struct Caller: Sendable, Equatable, CustomStringConvertible {
    /// The user's name; the number where it has none.
    public let user: String
    /// The host's name.
    public let host: String
    /// The process's id on that host.
    public let process: Int

    /// This process.
    public static var current: Caller {
        Caller(user: userName(), host: hostName(), process: Int(getpid()))
    }

    /// `process 4711 of operator on bastion`.
    public var description: String { "process \(process) of \(user) on \(host)" }

    private static func userName() -> String {
        var (entry, found) = (passwd(), UnsafeMutablePointer<passwd>?.none)
        var buffer = [CChar](repeating: 0, count: 4096)
        let code = getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found)
        guard code == 0, let name = found?.pointee.pw_name else { return "user \(geteuid())" }
        return String(cString: name)
    }

    private static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return name.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
    }
}
