import Glibc
import SecretMemory

/// A buffer that holds `text`.
func buffer(_ text: String) -> SecretBuffer {
    var buffer = SecretBuffer()
    buffer.append(text)
    return buffer
}

/// The text of a message, its `\n` cut off; `nil` where it does not end with one or holds another.
func lineText(_ message: SharedSecret?) -> String? {
    guard let message else { return nil }
    let text = message.secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    guard text.last == "\n", text.dropLast().allSatisfy({ $0 != "\n" }) else { return nil }
    return String(text.dropLast())
}

/// A pipe whose ends are closed with its last owner.
final class Pipe: Sendable {
    let readEnd: Int32
    let writeEnd: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0)
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            precondition(Glibc.write(writeEnd, bytes.baseAddress, bytes.count) == bytes.count)
        }
    }
}
