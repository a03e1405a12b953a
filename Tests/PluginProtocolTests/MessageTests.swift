import FoundationEssentials
import PluginProtocol
import SecretMemory
import SinkCore
import Testing

private let metadata = Metadata(
    appId: "a", tenant: "t", keyId: "k", cluster: "c", credential: "service-principal",
    notAfter: Date(timeIntervalSince1970: 1_800_000_000))

private let metadataText =
    #"{"appId":"a","cluster":"c","credential":"service-principal","keyId":"k","notAfter":"2027-01-15T08:00:00Z","#
    + #""tenant":"t"}"#

private func shared(_ text: String) -> SharedSecret {
    var buffer = SecretBuffer()
    buffer.append(text)
    return SharedSecret(buffer.finish())
}

private func text(_ secret: SharedSecret) -> String {
    secret.secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
}

/// What the host writes, and how the plugin reads it.
@Suite struct CallTests {
    private func message(_ text: String) -> HostMessage {
        var line = buffer(text)
        return HostMessage(&line)
    }

    @Test func initializeIsWrittenAndRead() throws {
        let call = Call.initialize(
            Call.Introduction(host: Peer(name: "credferry", version: "1"), options: ["x": .array([.null])]))
        let line = try #require(lineText(call.line(id: .number(1))))
        #expect(
            line
                == #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"host":{"name":"credferry","#
                + #""version":"1"},"options":{"x":[null]},"protocol":[1]}}"#)
        guard case .request(.number(1), .initialize(let introduction)) = message(line) else {
            Issue.record("not read as what it was written")
            return
        }
        #expect(introduction.host == Peer(name: "credferry", version: "1"))
        #expect(introduction.options == ["x": .array([.null])])
        #expect(introduction.versions == [1])
    }

    @Test func putIsWrittenAndRead() throws {
        let call = Call.put(name: "a\"\n\u{1}ü/", secret: shared("\0\u{7f}ü"), metadata: metadata)
        let line = try #require(lineText(call.line(id: .number(7))))
        #expect(
            line
                == #"{"jsonrpc":"2.0","id":7,"method":"put","params":{"name":"a\"\u000A\u0001ü/","#
                + #""secret":{"base64":"AH/DvA=="},"metadata":"# + metadataText + "}}")
        guard case .request(.number(7), .put(let name, let secret, let read)) = message(line) else {
            Issue.record("not read as what it was written")
            return
        }
        #expect(name == "a\"\n\u{1}ü/")
        #expect(text(secret) == "\0\u{7f}ü")
        #expect(read == metadata)
    }

    @Test func theOthersAreWrittenAndRead() throws {
        let get = try #require(lineText(Call.get(name: "n").line(id: .number(1))))
        #expect(get == #"{"jsonrpc":"2.0","id":1,"method":"get","params":{"name":"n"}}"#)
        guard case .request(_, .get("n")) = message(get) else { throw NotRead() }
        let delete = try #require(lineText(Call.delete(name: "n").line(id: .string("x"))))
        #expect(delete == #"{"jsonrpc":"2.0","id":"x","method":"delete","params":{"name":"n"}}"#)
        guard case .request(.string("x"), .delete("n")) = message(delete) else { throw NotRead() }
        let list = try #require(lineText(Call.list(prefix: "p").line(id: .number(1))))
        #expect(list == #"{"jsonrpc":"2.0","id":1,"method":"list","params":{"prefix":"p"}}"#)
        guard case .request(_, .list("p")) = message(list) else { throw NotRead() }
        let shutdown = try #require(lineText(Call.shutdown.line(id: .number(1))))
        #expect(shutdown == #"{"jsonrpc":"2.0","id":1,"method":"shutdown","params":{}}"#)
        guard case .request(_, .shutdown) = message(shutdown) else { throw NotRead() }
        let cancel = try #require(lineText(Call.cancelLine(id: .number(9))))
        #expect(cancel == #"{"jsonrpc":"2.0","method":"cancel","params":{"id":9}}"#)
        guard case .cancel(.number(9)) = message(cancel) else { throw NotRead() }
    }

    private struct NotRead: Error {}

    @Test func aMessageIsNeverLongerThanTheLimit() {
        let overhead = lineText(Call.get(name: "").line(id: .number(1)))?.utf8.count ?? 0
        let longest = String(repeating: "x", count: Wire.maximumMessageBytes - overhead)
        #expect(Call.get(name: longest).line(id: .number(1)) != nil)
        #expect(Call.get(name: longest + "x").line(id: .number(1)) == nil)
    }

    @Test(arguments: [
        ("", -32700), ("hello", -32700), ("{", -32700),
        (#"{"jsonrpc":"2.0","id":1,"method":"get"} x"#, -32700),
        ("[]", -32600), ("7", -32600), (#"{"jsonrpc":"2.0","id":1}"#, -32600),
        (#"{"jsonrpc":"1.0","id":1,"method":"get"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1.5,"method":"get"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"steal"}"#, -32601),
        (#"{"jsonrpc":"2.0","id":1,"method":"get"}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"get","params":[1]}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"delete","params":{"name":7}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"list","params":{"prefix":7}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#, -32602),
        (
            #"{"jsonrpc":"2.0","id":1,"method":"put","params":{"name":"n","secret":{"base64":"AA=="}}}"#,
            -32602
        ),
        (
            #"{"jsonrpc":"2.0","id":1,"method":"put","params":{"name":"n","secret":"AA==","metadata":"#
                + metadataText + "}}", -32602
        ),
        (
            #"{"jsonrpc":"2.0","id":1,"method":"put","params":{"name":"n","secret":{"base64":"A"},"metadata":"#
                + metadataText + "}}", -32602
        ),
    ])
    func whatIsNoCallGetsItsCode(text: String, code: Int) {
        guard case .invalid(let id, let error) = message(text) else {
            Issue.record("read as a message")
            return
        }
        #expect(error.code == code)
        // Where it is a request, however wrong, the answer goes to it.
        if code == RPCError.methodNotFound || code == RPCError.invalidParams { #expect(id == .number(1)) }
    }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","method":"news","params":{"id":1}}"#, #"{"jsonrpc":"2.0","method":"get"}"#,
        #"{"jsonrpc":"2.0","method":"cancel"}"#, #"{"jsonrpc":"2.0","method":"cancel","params":{"id":null}}"#,
    ])
    func unknownNotificationsArePassedOver(text: String) {
        guard case .unknownNotification = message(text) else {
            Issue.record("read as something else")
            return
        }
    }

    @Test func theSecretIsGoneFromTheLine() {
        var line = buffer(
            #"{"id":1,"method":"put","params":{"secret":{"base64":"Y2FuYXJ5"},"name":"n"},"jsonrpc":"2.0"}"#)
        _ = HostMessage(&line)
        let rest = line.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        #expect(!rest.contains("Y2FuYXJ5"))
    }
}

/// What the plugin writes, and how the host reads it.
@Suite struct AnswerTests {
    private func read(_ text: String) -> Answer? {
        var line = buffer(text)
        return Answer(&line)
    }

    private func answer(_ reply: Reply, id: RequestID? = .number(3)) throws -> (String, Answer) {
        let written = lineText(reply.line(id: id))
        let text = try #require(written)
        let answer = read(text)
        return (text, try #require(answer))
    }

    @Test func initializeIsWrittenAndRead() throws {
        let welcome = Reply.Welcome(plugin: Peer(name: "p", version: "1"), can: [.get, .put])
        let (text, answer) = try answer(.initialized(welcome))
        #expect(
            text
                == #"{"jsonrpc":"2.0","id":3,"result":{"can":["put","get"],"plugin":{"name":"p","version":"1"},"#
                + #""protocol":1}}"#)
        #expect(answer.id == .number(3))
        #expect(try answer.welcome() == welcome)
    }

    @Test func secretsAreWrittenAndRead() throws {
        let (text, answer) = try answer(.secret(shared("canary"), metadata: metadata, version: nil))
        #expect(
            text
                == #"{"jsonrpc":"2.0","id":3,"result":{"secret":{"base64":"Y2FuYXJ5"},"metadata":"#
                + metadataText
                + #","version":null}}"#)
        let stored = try answer.storedSecret()
        let value = stored.secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        #expect(value == "canary" && stored.metadata == metadata && stored.version == nil)
    }

    @Test func theOthersAreWrittenAndRead() throws {
        #expect(try answer(.stored(version: "7")).1.storedVersion() == "7")
        #expect(try answer(.stored(version: nil)).1.storedVersion() == nil)
        let entries = [SinkEntry(name: "a", version: "1", metadata: metadata), SinkEntry(name: "b")]
        #expect(try answer(.entries(entries)).1.entries() == entries)
        #expect(try answer(.done).0 == #"{"jsonrpc":"2.0","id":3,"result":{}}"#)
    }

    @Test func errorsAreWrittenAndRead() throws {
        let (text, answer) = try answer(
            .failure(RPCError(-32002, "it is locked", hint: "unlock it")), id: nil)
        #expect(
            text
                == #"{"jsonrpc":"2.0","id":null,"error":{"code":-32002,"data":{"hint":"unlock it"},"#
                + #""message":"it is locked"}}"#)
        #expect(answer.id == nil)
        #expect(answer.failure == RPCError(-32002, "it is locked", hint: "unlock it"))
    }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","id":1,"result":null}"#, #"{"jsonrpc":"2.0","id":1,"error":null,"result":{}}"#,
        #"{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1,"message":"m","data":[1]}}"#,
    ])
    func nullsAreAsGoodAsAbsent(text: String) {
        let answer = read(text)
        #expect(answer != nil)
    }

    @Test(arguments: [
        "", "hello", "{}", "[]", #"{"jsonrpc":"2.0","id":1}"#, #"{"jsonrpc":"1.0","id":1,"result":{}}"#,
        #"{"id":1,"result":{}}"#, #"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"m"}}"#,
        #"{"jsonrpc":"2.0","id":1,"error":{"code":"x","message":"m"}}"#,
        #"{"jsonrpc":"2.0","id":[],"result":{}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"get","params":{}}"#, #"{"jsonrpc":"2.0","id":1,"result":{}"#,
    ])
    func anythingElseIsNoAnswer(text: String) {
        let answer = read(text)
        #expect(answer == nil)
    }

    @Test(arguments: SinkError.Code.allCases)
    func everyKindOfFailureArrivesAsItself(code: SinkError.Code) {
        let error = RPCError(SinkError(code, "message", hint: "hint")).sinkError(from: "plugin p")
        // A plugin knows nothing of credferry's own account: to it, no is no.
        let arriving = code == .forbidden ? .denied : code
        #expect(error == SinkError(arriving, "plugin p: message", hint: "hint"))
    }
}

@Suite struct SafeTextTests {
    @Test(arguments: [
        ("plain ü 漢", "plain ü 漢"), ("  a  ", "a"), ("a\nb\r\tc", "a b  c"), ("a\u{1b}[31m", "a [31m"),
        ("a\u{202e}b\u{2028}c\0", "a b c"), ("", ""),
    ])
    func isOneHarmlessLine(text: String, line: String) {
        #expect(SafeText.line(text) == line)
    }

    @Test func isCutAtItsLimit() {
        #expect(SafeText.line("12345", limit: 5) == "12345")
        #expect(SafeText.line("123456", limit: 5) == "1234…")
    }
}
