import SecretMemory
import Testing

@Suite("Encodings of a secret")
struct EncodingTests {
    func decode(_ base64: String) -> String? {
        switch Secret(base64: makeSecret(base64).bytes) {
        case .some(let secret): text(secret)
        case .none: nil
        }
    }

    @Test(arguments: [
        (#"plain"#, #""plain""#),
        (#"q"b\s"#, #""q\"b\\s""#),
        ("line\nbreak\u{1}", #""line\u000Abreak\u0001""#),
        ("ümläut", #""ümläut""#),
    ])
    func jsonString(secret: String, expected: String) {
        var buffer = SecretBuffer()
        buffer.appendJSONString(makeSecret(secret))
        let written = text(buffer.finish())
        #expect(written == expected)
    }

    @Test func formEncodesWhatEntraWantsEncoded() {
        var buffer = SecretBuffer()
        buffer.appendFormEncoded(makeSecret("a+b/c=d~e.f-g_h&i j%"))
        let written = text(buffer.finish())
        #expect(written == "a%2Bb%2Fc%3Dd%7Ee.f-g_h%26i%20j%25")
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func base64VectorsOfRFC4648(plain: String, encoded: String) {
        var buffer = SecretBuffer()
        buffer.appendBase64(makeSecret(plain))
        let written = text(buffer.finish())
        #expect(written == encoded)
        #expect(decode(encoded) == plain)
    }

    @Test func base64OfEveryByteComesBack() {
        let all = Secret(capacity: 256) { output in
            for byte in UInt8.min...UInt8.max { output.append(byte) }
        }
        var buffer = SecretBuffer()
        buffer.appendBase64(all)
        let decoded = Secret(base64: buffer.bytes)
        let isSame =
            switch decoded {
            case .some(let decoded): decoded.isEqual(to: all)
            case .none: false
            }
        #expect(isSame)
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("?>~", "Pz5-"),
        ("??>", "Pz8-"), ("\u{F}\u{3F}\u{3F}", "Dz8_"),
    ])
    func base64URLHasNoPadding(plain: String, encoded: String) {
        let secret = makeSecret(plain)
        var buffer = SecretBuffer()
        buffer.appendBase64URL(secret.bytes)
        let written = text(buffer.finish())
        #expect(written == encoded)
    }

    @Test(arguments: ["Zg", "Zg=", "Z===", "====", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zg==Zg==", "Zm-_"])
    func base64ThatIsNotCanonicalIsRefused(encoded: String) {
        #expect(decode(encoded) == nil)
    }

    @Test func knowsWhatJSONCannotHold() {
        let latin1 = Secret(capacity: 1) { $0.append(UInt8(0xE9)) }
        let (bad, good) = (latin1.isUTF8, makeSecret("é").isUTF8)
        #expect(!bad)
        #expect(good)
    }
}

@Suite("Cutting a secret out of JSON")
struct CutTests {
    /// What is cut from `json` at `path`, and what stays.
    func cut(_ json: String, _ path: String...) throws -> (secret: String, rest: String) {
        var buffer = SecretBuffer()
        buffer.append(json)
        let secret = try buffer.cutJSONString(at: path)
        return (text(secret), text(buffer.finish()))
    }

    @Test func leavesTheRestOfTheDocument() throws {
        let (secret, rest) = try cut(#"{"keyId": "k", "secretText": "abc", "hint": null}"#, "secretText")
        #expect(secret == "abc")
        #expect(rest == #"{"keyId": "k", "secretText": "   ", "hint": null}"#)
    }

    @Test func skipsWhateverStandsBefore() throws {
        let json =
            #" { "a":[1,-2.5e+3,true,{"secretText":"no"},[]], "b":{} ,"c":{"x":{"secretText" : "y\\\"es"}}}"#
        #expect(try cut(json, "c", "x", "secretText").secret == #"y\"es"#)
    }

    @Test func undoesEveryEscape() throws {
        let json = #"{"v":"\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00"}"#
        let expected = "\"\\/\u{8}\u{c}\n\r\tAé😀"
        #expect(try cut(json, "v").secret == expected)
    }

    @Test(arguments: [
        #"{"v":1}"#, #"{"v":null}"#, #"{"w":"x"}"#, #"{}"#, #"[]"#, #""v""#, #"{"v":{"v":"x"}}"#, "",
    ])
    func missing(json: String) {
        #expect(throws: SecretJSONError.missing) { try cut(json, "v") }
    }

    @Test(arguments: [
        #"{"v":"x"#, #"{"v":"\"#, #"{"v":"\q"}"#, #"{"v":"\u12"}"#, #"{"v":"\ud83d"}"#, #"{"v":"\ud83dx"}"#,
        #"{"v":"\ud83d\u0041"}"#, #"{v:"x"}"#, #"{"w":,"v":"x"}"#, "{\"v\":\"a\nb\"}", #"{"w":1"#,
        #"{"w":[1 2],"v":"x"}"#,
        #"{"w"="x"}"#,
    ])
    func malformed(json: String) {
        #expect {
            try cut(json, "v")
        } throws: { error in
            if case .malformed = error as? SecretJSONError { true } else { false }
        }
    }

    @Test func depthIsBounded() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: (any Error).self) { try cut("{\"w\":\(deep)", "v") }
    }
}

@Suite("Fingerprints")
struct FingerprintTests {
    @Test func vectorOfRFC4231() {
        // Test case 2 has a key of 4 bytes; padded with zeros to 32 it is the same key to HMAC.
        let key = Secret(capacity: 32) { output in
            for byte in "Jefe".utf8 { output.append(byte) }
            for _ in 0..<28 { output.append(UInt8(0)) }
        }
        let fingerprint = FingerprintKey(key).fingerprint(of: makeSecret("what do ya want for nothing?"))
        #expect(fingerprint.description == "5bdcc146bf60754e6a042426089575c7")
        #expect(Fingerprint(fingerprint.description) == fingerprint)
    }

    @Test func dependsOnKeyAndSecret() {
        let (one, two) = (FingerprintKey(FingerprintKey.makeKey()), FingerprintKey(FingerprintKey.makeKey()))
        #expect(one.fingerprint(of: makeSecret("a")) == one.fingerprint(of: makeSecret("a")))
        #expect(one.fingerprint(of: makeSecret("a")) != one.fingerprint(of: makeSecret("b")))
        #expect(one.fingerprint(of: makeSecret("a")) != two.fingerprint(of: makeSecret("a")))
    }

    @Test(arguments: ["", "5bdc", "5BDCC146BF60754E6A042426089575C7", "zzdcc146bf60754e6a042426089575c7"])
    func refusesWhatIsNone(text: String) {
        #expect(Fingerprint(text) == nil)
    }
}
