import FoundationEssentials
import Glibc
import PluginProtocol
import SinkCore
import Testing

@testable import PluginHost

/// What may run, and what is run.
@Suite struct TrustTests {
    private let plugin: TestPlugin
    /// Answers `put` with what it was when it was trusted.
    private static let script = #"serve(lambda request: answer(request, {"version": "as trusted"}))"#

    init() throws {
        plugin = try TestPlugin(Self.script)
    }

    private func sink(_ pins: TrustStore? = nil) throws -> PluginSink {
        try PluginSink(
            plugin: try plugin.find(), trust: pins ?? plugin.pins, options: [:],
            host: Peer(name: "credferry", version: "0"), environment: [:],
            logger: TestLog().logger(keeping: plugin))
    }

    private func refusal(_ pins: TrustStore? = nil) -> PluginError? {
        #expect(throws: PluginError.self) { _ = try sink(pins) }
    }

    private func digest(_ file: String) throws -> Digest {
        try Digest(of: try FilePath.contents(of: "\(plugin.folder)/\(file)", limit: 1 << 20))
    }

    @Test func hashesAsTheStandardDoes() throws {
        // FIPS 180-2, appendix B.1.
        #expect(
            try Digest(of: Array("abc".utf8)).text
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Digest("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD") == nil)
        #expect(Digest("ba78") == nil)
    }

    @Test func nothingRunsBeforeItIsTrusted() throws {
        #expect(try plugin.pins.standing(of: try plugin.find()) == .untrusted)
        #expect(
            refusal()
                == PluginError(
                    .untrusted, "plugin test in \(plugin.folder) is not trusted yet",
                    hint: "look at it, then `credferry plugins trust test`"))
        #expect(refusal()?.sinkError.code == .denied)
        #expect(refusal(TrustStore(files: []))?.code == .untrusted)
    }

    @Test func whatIsTrustedRuns() async throws {
        let trusted = try plugin.pins.trust(try plugin.find())
        #expect(trusted.file == plugin.home + "/pins/trusted-plugins.json")
        #expect(trusted.pin.executable == (try digest("run")))
        #expect(trusted.pin.manifest == (try digest("plugin.json")))
        #expect(try plugin.pins.standing(of: try plugin.find()) == .pinned)
        let sink = try sink()
        #expect(try await sink.put(secret("s"), as: "n", metadata: someMetadata) == "as trusted")
        await sink.close()
    }

    @Test(arguments: ["run", "plugin.json"])
    func aChangeIsRefusedWithBothHashes(file: String) throws {
        try plugin.pins.trust(try plugin.find())
        let before = try digest(file)
        let changed = try #require(plugin.text(of: file)) + "\n"
        try plugin.write(changed, to: file, mode: file == "run" ? 0o755 : 0o644)
        let after = try digest(file)
        #expect(before != after)
        #expect(try plugin.pins.standing(of: try plugin.find()) == .changed)
        let refusal = refusal()
        #expect(refusal?.code == .untrusted)
        #expect(
            refusal?.message
                == "plugin test has changed since it was trusted: \(plugin.folder)/\(file) has the SHA-256 \(after), and \(before) is trusted"
        )
        try plugin.pins.trust(try plugin.find())
        #expect(try plugin.pins.standing(of: try plugin.find()) == .pinned)
    }

    @Test func aChangeBetweenTheSinkAndItsFirstCallIsRefused() async throws {
        try plugin.pins.trust(try plugin.find())
        let sink = try sink()
        try plugin.write("#!/bin/sh\ntouch \(plugin.folder)/started\n", to: "run", mode: 0o755)
        let error = await #expect(throws: SinkError.self) {
            _ = try await sink.put(secret("s"), as: "n", metadata: someMetadata)
        }
        #expect(error?.code == .denied)
        #expect(error?.message.contains("has changed since it was trusted") == true)
        #expect(plugin.text(of: "started") == nil)
        await sink.close()
    }

    @Test func whatWasOpenedIsRunWhateverHasItsPath() async throws {
        try plugin.pins.trust(try plugin.find())
        let opened = try plugin.pins.open(try plugin.find())
        rename(plugin.folder + "/run", plugin.folder + "/moved")
        try plugin.write("#!/bin/sh\nexit 9\n", to: "run", mode: 0o755)
        let isScript = opened.isScript
        #expect(isScript)
        // Python ends with status 0 at the end of its input.
        var child = try ChildProcess(executable: opened, environment: [:])
        child.closeInput()
        var end: ChildProcess.End?
        for _ in 0..<2000 where end == nil {
            end = child.end
            if end == nil { try await Task.sleep(for: .milliseconds(10)) }
        }
        #expect(end == .exited(status: 0))
    }

    @Test func aProgramGetsNoDescriptorOfItself() async throws {
        let path = plugin.folder + "/run"
        unlink(path)
        try FileManager.default.copyItem(atPath: "/bin/ls", toPath: path)
        chmod(path, 0o755)
        let opened = try OpenedExecutable.of(try plugin.find())
        let isScript = opened.isScript
        #expect(!isScript)
        let child = try ChildProcess(executable: opened, environment: [:])
        let pid = child.pid
        #expect(await eventually { isOver(pid) })
        // It lists its working folder, `/`.
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(child.output, &bytes, bytes.count)
        #expect(String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).contains("etc\n"))
    }

    private func isOver(_ pid: pid_t) -> Bool { !isAlive(Int(pid)) }

    @Test func eachPluginHasAPinOfItsOwn() throws {
        let pins = plugin.pins
        let other = try TestPlugin(Self.script + " ", name: "other")
        try pins.trust(try plugin.find())
        try pins.trust(try other.find())
        #expect(try pins.standing(of: try plugin.find()) == .pinned)
        #expect(try pins.standing(of: try other.find()) == .pinned)
        var status = stat()
        #expect(stat(pins.files[0], &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func aServiceFindsThePinsOfTheMachine() throws {
        try plugin.pins.trust(try plugin.find())
        let both = TrustStore(files: ["/nonexistent/trusted-plugins.json"] + plugin.pins.files)
        #expect(try both.standing(of: try plugin.find()) == .pinned)
        #expect(
            TrustStore.standard(environment: ["XDG_CONFIG_HOME": "/c", "HOME": "/h"]).files
                == ["/c/credferry/trusted-plugins.json", "/etc/credferry/trusted-plugins.json"])
        #expect(
            TrustStore.standard(environment: ["XDG_CONFIG_HOME": "c", "HOME": "/h"]).files
                == ["/h/.config/credferry/trusted-plugins.json", "/etc/credferry/trusted-plugins.json"])
        #expect(
            TrustStore.standard(environment: [:]).files == ["/etc/credferry/trusted-plugins.json"])
    }

    @Test(arguments: ["", "{}", #"{"version": 2, "plugins": {}}"#])
    func pinsThatCannotBeReadAreNoPins(text: String) throws {
        try plugin.pins.trust(try plugin.find())
        try text.write(toFile: plugin.pins.files[0], atomically: false, encoding: .utf8)
        #expect(refusal()?.message == "\(plugin.pins.files[0]) is no list of trusted plugins of this version")
    }

    @Test func pinsThatOthersCanWriteAreNoPins() throws {
        try plugin.pins.trust(try plugin.find())
        chmod(plugin.pins.files[0], 0o666)
        #expect(
            refusal()?.message == "\(plugin.pins.files[0]) can be written by others than its owner")
    }

    @Test func aFolderAboveThatOthersCanWriteIsNotTrusted() throws {
        try plugin.pins.trust(try plugin.find())
        chmod(plugin.home, 0o777)
        #expect(refusal()?.message == "\(plugin.home) can be written by others than its owner")
        // With the sticky bit nobody else can move what is in it.
        chmod(plugin.home, 0o1777)
        #expect(throws: Never.self) { _ = try sink() }
    }

    @Test func whatShipsIsTrustedByItsPlaceAlone() async throws {
        let finder = PluginFinder(places: [.installation(plugin.home)], programOwner: geteuid())
        let shipped = try finder.find("test")
        #expect(shipped.isShipped)
        #expect(try plugin.pins.standing(of: shipped) == .shipped)
        let sink = try PluginSink(
            plugin: shipped, trust: plugin.pins, options: [:], host: Peer(name: "credferry", version: "0"),
            environment: [:], logger: TestLog().logger(keeping: plugin))
        #expect(try await sink.put(secret("s"), as: "n", metadata: someMetadata) == "as trusted")
        await sink.close()
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func whatShipsBelongsToTheProgramsOwner() throws {
        chown(plugin.home, 12345, 12345)
        for owner: uid_t in [0, 12345] {
            let finder = PluginFinder(places: [.installation(plugin.home)], programOwner: owner)
            let error = #expect(throws: PluginError.self) { _ = try finder.find("test") }
            #expect(error?.message.contains("\(plugin.home) belongs to user 12345") == true)
        }
    }
}
