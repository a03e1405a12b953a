internal import Glibc
internal import SecretMemory
internal import SinkCore

/// Writing to an open file or pipe.
enum Descriptor {
    /// Writes all of `content`.
    static func write(
        _ content: borrowing SecretBuffer, to descriptor: CInt, _ name: String
    ) throws(SinkError) {
        try content.withUnsafeBytes { bytes throws(SinkError) in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw FileFault.error(name, errno) }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Writes all of `content` at the end of a file, on a line of its own, and puts it on the disk.
    static func append(
        _ content: borrowing SecretBuffer, to descriptor: CInt, _ name: String
    ) throws(SinkError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileFault.error(name, errno) }
        var last = Ascii.newline
        if status.st_size > 0 { pread(descriptor, &last, 1, status.st_size - 1) }
        var whole = SecretBuffer(capacity: content.count + 1)
        if last != Ascii.newline { whole.append(Ascii.newline) }
        whole.append(content.bytes)
        try write(whole, to: descriptor, name)
        guard fsync(descriptor) == 0 else { throw FileFault.error(name, errno) }
    }
}
