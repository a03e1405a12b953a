import CLinux
import Glibc
import SecretMemory
import Sinks

/// The environment of `exec`'s child: ours, with some variables set, of which one holds a secret.
///
/// The secret's `NAME=value` is built on the secure heap and handed to the kernel from there; no `setenv`,
/// which would leave a copy in this process, and no `String`.
struct ChildEnvironment: ~Copyable {
    private var names: [String] = []
    private var entries: [SharedSecret] = []

    /// Sets a variable, in place of one of that name that we were given.
    ///
    /// - Throws: where the secret holds a NUL byte, which no environment can.
    mutating func set(_ variable: EnvironmentVariable, secret: borrowing Secret) throws {
        var entry = SecretBuffer()
        entry.append(variable.name + "=")
        switch variable.value {
        case .text(let text): entry.append(text)
        case .secret:
            guard !secret.withUnsafeBytes({ $0.contains(0) }) else {
                throw Complaint(.failed, "the secret holds a NUL byte, which an environment cannot")
            }
            entry.append(secret.bytes)
        }
        entry.append(UInt8(0))
        names.append(variable.name)
        entries.append(SharedSecret(entry.finish()))
    }

    /// Becomes `command`, which is searched for in PATH; standard streams and working folder stay.
    ///
    /// - Returns: only where that failed, with `errno`.
    func run(_ command: [String]) -> CInt {
        var pointers: [UnsafeMutablePointer<CChar>?] = []
        var inherited = environ
        while let entry = inherited.pointee {
            if !names.contains(where: { hasName(entry, $0) }) { pointers.append(entry) }
            inherited += 1
        }
        for entry in entries {
            // The block outlives the call: `entries` holds it.
            pointers.append(
                entry.secret.withUnsafeBytes { bytes in
                    UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
                })
        }
        pointers.append(nil)
        var arguments = command.map { strdup($0) }
        arguments.append(nil)
        signal(SIGPIPE, SIG_DFL)
        execvpe(command[0], arguments, pointers)
        return errno
    }

    private func hasName(_ entry: UnsafePointer<CChar>, _ name: String) -> Bool {
        let length = name.utf8.count
        return strncmp(entry, name, length) == 0 && entry[length] == CChar(UInt8(ascii: "="))
    }
}
