import FoundationEssentials
import Glibc
import SecretMemory
import SinkCore
import Testing

@testable import Sinks

@Suite("The file sink")
struct FileSinkTests {
    let scratch = try? Scratch()
    let text = "a~B.c_9-Z"

    func path(_ name: String = "secret") throws -> String { try #require(scratch).file(name) }

    @Test(arguments: FileFormat.allCases, [CredentialKind.servicePrincipal, .entraApp, .application])
    func givesBackWhatItStores(format: FileFormat, kind: CredentialKind) async throws {
        let sink = FileSink(format: format)
        let path = try path()
        let metadata = makeMetadata(kind)
        for text in ["first", text] {
            #expect(try await sink.put(makeSecret(text), as: path, metadata: metadata) == nil)
        }
        let stored = try await sink.get(path)
        #expect(bytes(of: stored.secret) == Array(text.utf8))
        #expect(stored.metadata == (format == .raw ? nil : metadata))
        #expect(mode(path) == 0o600)
        #expect(try #require(scratch).names == ["secret"])
    }

    @Test func writesTheJSONOfTheContract() async throws {
        let path = try path()
        _ = try await FileSink(format: .json).put(makeSecret("s\"ü"), as: path, metadata: makeMetadata())
        struct Content: Codable { let appId, password, tenant, keyId, notAfter: String }
        let content = try JSONDecoder().decode(Content.self, from: Data(contents(path).utf8))
        #expect(content.password == "s\"ü")
        #expect(content.appId == makeMetadata().appId)
        #expect(content.tenant == makeMetadata().tenant)
        #expect(content.keyId == makeMetadata().keyId)
        #expect(content.notAfter == "2027-01-15T08:00:00Z")
    }

    @Test func writesTheSecretAloneAsRaw() async throws {
        let path = try path()
        _ = try await FileSink(format: .raw).put(makeSecret(text), as: path, metadata: makeMetadata())
        #expect(contents(path) == text)
    }

    @Test func makesFoldersThatNobodyElseCanEnter() async throws {
        let path = try path("a/b/secret")
        _ = try await FileSink(format: .raw).put(makeSecret(text), as: path, metadata: makeMetadata())
        #expect(mode(try self.path("a")) == 0o700)
        #expect(mode(try self.path("a/b")) == 0o700)
    }

    @Test func narrowsTheModeOfWhatItReplaces() async throws {
        let path = try #require(scratch).write("old", to: "secret")
        chmod(path, 0o644)
        _ = try await FileSink(format: .raw).put(makeSecret(text), as: path, metadata: makeMetadata())
        #expect(mode(path) == 0o600)
    }

    @Test func replacesNoLinkFolderOrPipe() async throws {
        let target = try #require(scratch).write("untouched", to: "target")
        let (link, folder, pipe) = (try path("link"), try path("folder"), try path("pipe"))
        symlink(target, link)
        mkdir(folder, 0o700)
        mkfifo(pipe, 0o600)
        let sink = FileSink(format: .raw)
        for (path, kind) in [(link, "a symbolic link"), (folder, "a folder"), (pipe, "no ordinary file")] {
            let put = await sinkError {
                _ = try await sink.put(makeSecret(text), as: path, metadata: makeMetadata())
            }
            #expect(put?.code == .refused)
            #expect(put?.message.contains(kind) == true)
            #expect(await sinkError { try await sink.delete(path) }?.code == .refused)
            #expect(await sinkError { _ = try await sink.get(path) }?.code == .refused)
        }
        #expect(contents(target) == "untouched")
        #expect(try #require(scratch).names == ["folder", "link", "pipe", "target"])
    }

    @Test(arguments: [mode_t(0o777), 0o770, 0o702])
    func refusesAFolderThatOthersCanWriteTo(mode: mode_t) async throws {
        let scratch = try #require(scratch)
        chmod(scratch.path, mode)
        let sink = FileSink(format: .raw)
        let path = try path()
        let error = await sinkError {
            _ = try await sink.put(makeSecret(text), as: path, metadata: makeMetadata())
        }
        #expect(error?.code == .denied)
        #expect(error?.hint == "chmod go-w \(scratch.path)")
        #expect(scratch.names == [])
        chmod(scratch.path, 0o1777)
        _ = try await sink.put(makeSecret(text), as: path, metadata: makeMetadata())
    }

    /// In a folder like /tmp, a stranger's file is not ours to read.
    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func readsNoStrangersFile() async throws {
        let path = try #require(scratch).write("theirs", to: "secret")
        chown(path, 12_345, 12_345)
        #expect(await sinkError { _ = try await FileSink(format: .raw).get(path) }?.code == .denied)
        chown(try #require(scratch).path, 12_345, 12_345)
        let stored = try await FileSink(format: .raw).get(path)
        #expect(bytes(of: stored.secret) == Array("theirs".utf8))
    }

    @Test func doesNotFindWhatIsNotThere() async throws {
        let sink = FileSink(format: .json)
        for path in [try path(), try path("no/such/folder")] {
            #expect(await sinkError { _ = try await sink.get(path) }?.code == .notFound)
            #expect(await sinkError { try await sink.delete(path) } == nil)
        }
    }

    @Test(arguments: [
        "relative", "", "/", "/a/", "/a/..", "/a/.", "/a/\u{0}", "/a/.credferry-x.tmp",
        "/" + String(repeating: "a", count: 256), String(repeating: "/abc", count: 1024),
    ])
    func refusesNamesThatNoFileHas(name: String) async {
        let sink = FileSink(format: .raw)
        #expect(throws: SinkError.self) { try sink.check(name: name) }
        let error = await sinkError {
            _ = try await sink.put(makeSecret(text), as: name, metadata: makeMetadata())
        }
        #expect(error?.code == .refused)
    }

    @Test func refusesWhatAFormatCannotHold() async throws {
        let path = try #require(scratch).write("as it was", to: "secret")
        let cases: [(FileFormat, [UInt8])] = [
            (.json, [0x70, 0xFF]), (.dotenv, [0x70, 10]), (.dotenv, [0x70, 0xC3]), (.shell, [0x70, 0]),
            (.raw, []), (.json, []), (.shell, []), (.dotenv, []),
        ]
        for (format, value) in cases {
            let error = await sinkError {
                _ = try await FileSink(format: format).put(
                    makeSecret(value), as: path, metadata: makeMetadata())
            }
            #expect(error?.code == .refused, "\(format)")
        }
        #expect(contents(path) == "as it was")
        #expect(try #require(scratch).names == ["secret"])
    }

    @Test(arguments: [FileFormat.json, .raw])
    func holdsEveryByteThatAFormatCan(format: FileFormat) async throws {
        let value = Array(UInt8(0)...(format == .raw ? 255 : 127))
        let path = try path()
        let sink = FileSink(format: format)
        _ = try await sink.put(makeSecret(value), as: path, metadata: makeMetadata())
        let stored = try await sink.get(path)
        #expect(bytes(of: stored.secret) == value)
    }

    @Test(arguments: [
        ("{\"password\": \"x\"}", "x", false),
        ("{\"appId\": \"a\", \"displayName\": \"d\", \"password\": \"x\", \"tenant\": \"t\"}", "x", false),
        (
            "{\"appId\":\"a\",\"tenant\":\"t\",\"keyId\":\"k\",\"cluster\":\"c\",\"credential\":\"application\",\n"
                + "\"notAfter\":\"2027-01-15T08:00:00Z\",\"password\":\"\\u0078\", \"note\": {\"by\": [1]}}",
            "x", true
        ),
    ])
    func readsJSONThatWasEdited(text: String, secret: String, isWhole: Bool) async throws {
        let path = try #require(scratch).write(text)
        let stored = try await FileSink(format: .json).get(path)
        #expect(bytes(of: stored.secret) == Array(secret.utf8))
        #expect((stored.metadata != nil) == isWhole)
    }

    @Test(arguments: [
        (FileFormat.json, "{}"), (.json, "hunter2"), (.json, "{\"password\": 5}"),
        (.json, "{\"password\": \"\"}"),
        (.json, "{\"password\": \"hunter2"), (.raw, ""), (.shell, "hunter2"), (.shell, "SP_SECRET='hunter2"),
        (.dotenv, "SP_SECRET="), (.dotenv, "SECRET=hunter2"),
    ])
    func saysWhatIsBrokenWithoutTheSecret(format: FileFormat, text: String) async throws {
        let path = try #require(scratch).write(text)
        let error = await sinkError { _ = try await FileSink(format: format).get(path) }
        #expect(error?.code == .broken)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func readsNothingThatIsTooLarge() async throws {
        let path = try #require(scratch).write(String(repeating: "a", count: 1 << 20 + 1))
        #expect(await sinkError { _ = try await FileSink(format: .raw).get(path) }?.code == .broken)
    }

    @Test func listsAndRemoves() async throws {
        let sink = FileSink(format: .json)
        for name in ["prod.b", "prod.a", "test.a"] {
            _ = try await sink.put(makeSecret(text), as: try path(name), metadata: makeMetadata())
        }
        _ = try #require(scratch).write("no secret", to: "prod.c")
        mkdir(try path("prod.folder"), 0o700)
        let entries = try await sink.list(prefix: try path("prod."))
        #expect(entries.map(\.name) == [try path("prod.a"), try path("prod.b"), try path("prod.c")])
        #expect(entries.map(\.metadata) == [makeMetadata(), makeMetadata(), nil])
        try await sink.delete(try path("prod.a"))
        #expect(try await sink.list(prefix: try path("prod.a")) == [])
        #expect(try await sink.list(prefix: try path("none/")) == [])
        #expect(await sinkError { _ = try await sink.list(prefix: "prod") }?.code == .refused)
    }

    /// A reader gets the old secret or the new one, never a part or a mixture.
    @Test func isReplacedAtOnce() async throws {
        let path = try path()
        let sink = FileSink(format: .raw)
        let values = ["a", "b"].map { String(repeating: $0, count: $0 == "a" ? 20 : 20_000) }
        _ = try await sink.put(makeSecret(values[0]), as: path, metadata: makeMetadata())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<2 {
                group.addTask {
                    for round in 0..<40 {
                        let value = values[(round + writer) % 2]
                        _ = try await sink.put(makeSecret(value), as: path, metadata: makeMetadata())
                    }
                }
            }
            group.addTask {
                for _ in 0..<400 {
                    let stored = try await sink.get(path)
                    let text = String(decoding: bytes(of: stored.secret), as: UTF8.self)
                    #expect(values.contains(text))
                }
            }
            try await group.waitForAll()
        }
        #expect(try #require(scratch).names == ["secret"])
    }
}

@Suite("Files being written")
struct TemporaryFileTests {
    @Test func areClearedAwayWhereTheirWriterDied() async throws {
        let scratch = try Scratch()
        _ = try scratch.write("left behind", to: ".credferry-1a.tmp")
        _ = try scratch.write("not ours", to: ".other.tmp")
        let path = scratch.file("secret")
        _ = try await FileSink(format: .raw).put(makeSecret("s"), as: path, metadata: makeMetadata())
        #expect(scratch.names == [".other.tmp", "secret"])
    }

    /// Killed between the write and the rename: the old secret is whole, and the new one leaves no trace.
    @Test func leaveNoTraceOfAKilledWriter() async throws {
        let scratch = try Scratch()
        let path = scratch.file("secret")
        let sink = FileSink(format: .raw)
        _ = try await sink.put(makeSecret("old"), as: path, metadata: makeMetadata())
        await #expect(processExitsWith: .signal(SIGKILL)) { [folder = scratch.path as String] in
            let open = try OpenFolder(folder, making: false)
            let temporary = try TemporaryFile(in: open, for: folder + "/secret")
            var content = SecretBuffer()
            content.append("new")
            try temporary.write(content)
            kill(getpid(), SIGKILL)
        }
        #expect(scratch.names.count == 2)
        #expect(contents(path) == "old")
        _ = try await sink.put(makeSecret("newer"), as: path, metadata: makeMetadata())
        #expect(scratch.names == ["secret"])
        #expect(contents(path) == "newer")
    }

    @Test func stayWhileTheirWriterLives() async throws {
        let scratch = try Scratch()
        let folder = try OpenFolder(scratch.path, making: false)
        let temporary = try TemporaryFile(in: folder, for: scratch.file("secret"))
        let name = try #require(scratch.names.first)
        #expect(TemporaryFile.isName(name))
        #expect(mode(scratch.file(name)) == 0o600)
        TemporaryFile.sweep(folder)
        #expect(scratch.names == [name])
        temporary.remove()
        #expect(scratch.names == [])
    }

    /// The target became a folder after it was looked at: nothing of the secret stays.
    @Test func areRemovedWhereTheyCannotGetTheirName() throws {
        let scratch = try Scratch()
        mkdir(scratch.file("secret"), 0o700)
        let folder = try OpenFolder(scratch.path, making: false)
        let temporary = try TemporaryFile(in: folder, for: scratch.file("secret"))
        let error = #expect(throws: SinkError.self) { try temporary.rename(to: "secret") }
        #expect(error?.code == .refused)
        temporary.remove()
        #expect(scratch.names == ["secret"])
    }

    @Test func doNotFillADisk() {
        let disk = open("/dev/full", O_WRONLY)
        defer { close(disk) }
        var content = SecretBuffer()
        content.append("hunter2")
        do throws(SinkError) {
            try Descriptor.write(content, to: disk, "/disk/secret")
            Issue.record("it was written")
        } catch {
            #expect(error.code == .unavailable)
            #expect(error.description == "/disk/secret: No space left on device; free some space")
        }
    }
}
