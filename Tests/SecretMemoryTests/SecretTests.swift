import SecretMemory
import Testing

/// The text of a secret made by a test; no secret of anybody's is ever turned into a `String`.
func text(_ secret: borrowing Secret) -> String {
    secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
}

func secretsAreEqual(_ left: String, _ right: String) -> Bool {
    let (one, other) = (SharedSecret(makeSecret(left)), SharedSecret(makeSecret(right)))
    return one.secret.isEqual(to: other.secret)
}

func makeSecret(_ text: String) -> Secret {
    var buffer = SecretBuffer()
    buffer.append(text)
    return buffer.finish()
}

@Suite("Secret", .serialized)
struct SecretTests {
    @Test func holdsWhatWasWritten() {
        let secret = makeSecret("pä$$w0rd~'`")
        let (content, count, description) = (text(secret), secret.count, secret.redactedDescription)
        #expect(content == "pä$$w0rd~'`")
        #expect(count == 12)
        #expect(description == "Secret(12 bytes)")
    }

    @Test func emptyIsASecretToo() {
        let secret = makeSecret("")
        let count = secret.count
        #expect(count == 0)
        #expect(secretsAreEqual("", ""))
    }

    @Test func comparesByContent() {
        #expect(secretsAreEqual("abc", "abc"))
        #expect(!secretsAreEqual("abc", "abd"))
        #expect(!secretsAreEqual("abc", "abcd"))
    }

    @Test func growsPastItsCapacity() {
        var buffer = SecretBuffer(capacity: 1)
        let expected = String(repeating: "0123456789", count: 1_000)
        buffer.append(expected)
        let grown = text(buffer.finish())
        #expect(grown == expected)
    }

    @Test func largerThanTheArenaGetsPagesOfItsOwn() {
        let size = 5 << 20
        let secret = Secret(capacity: size) { output in
            for _ in 0..<size { output.append(UInt8(7)) }
        }
        let isWhole = secret.withUnsafeBytes { $0.count == size && $0.allSatisfy { $0 == 7 } }
        #expect(isWhole)
    }

    @Test func aFillThatThrowsLeavesNothing() {
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            _ = try Secret(capacity: 64) { (output: inout OutputRawSpan) throws(Stop) in
                output.append(UInt8(1))
                throw Stop()
            }
        }
    }

    @Test func overwrittenBytesAreGone() {
        var buffer = SecretBuffer()
        buffer.append("keep-secret-keep")
        buffer.overwrite(5..<11, with: UInt8(ascii: " "))
        let rest = text(buffer.finish())
        #expect(rest == "keep-      -keep")
    }
}
