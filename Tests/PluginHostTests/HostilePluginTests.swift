import FoundationEssentials
import Glibc
import SecretMemory
import SinkCore
import Testing

@testable import PluginHost

/// Plugins that break the rules: each costs one clear error, and no process is left behind.
@Suite struct HostilePluginTests {
    private let short = Deadlines(start: .seconds(20), call: .milliseconds(300), shutdown: .milliseconds(200))

    private func error(of sink: PluginSink) async -> SinkError? {
        await #expect(throws: SinkError.self) {
            _ = try await sink.put(secret("canary"), as: "n", metadata: someMetadata)
        }
    }

    @Test func aCrashInTheMiddleOfPutNamesTheSignalAndTheNextCallStartsAnew() async throws {
        let plugin = try TestPlugin(
            """
            mark = os.path.dirname(os.path.realpath(sys.argv[0])) + "/crashed"
            def handle(request):
                if os.path.exists(mark):
                    answer(request, {"version": "second"})
                else:
                    open(mark, "w").close()
                    os.kill(os.getpid(), signal.SIGKILL)
            serve(handle)
            """)
        let sink = try plugin.sink()
        #expect(
            await error(of: sink)
                == SinkError(
                    .unavailable, "plugin test was ended by SIGKILL before it answered"))
        #expect(try await sink.put(secret("s"), as: "n", metadata: someMetadata) == "second")
        await sink.close()
    }

    @Test func anExitAtTheStartNamesTheStatus() async throws {
        let sink = try TestPlugin("sys.exit(3)").sink()
        #expect(
            await error(of: sink)
                == SinkError(
                    .unavailable, "plugin test ended with status 3 before it answered"))
        await sink.close()
    }

    @Test func anAnswerJustBeforeTheEndCounts() async throws {
        let log = TestLog()
        let sink = try TestPlugin(
            """
            def handle(request):
                answer(request, {"version": "last words"})
                os._exit(1)
            serve(handle)
            """
        ).sink(log: log)
        for number in 1...5 {
            #expect(try await sink.put(secret("s"), as: "n", metadata: someMetadata) == "last words")
            // The end has to be seen before the next call, or that call shares it.
            #expect(
                await eventually {
                    log.lines.filter { $0 == "the plugin ended with status 1" }.count == number
                })
        }
        await sink.close()
    }

    @Test func silenceEndsByTheDeadlineAndTheProcessIsReplaced() async throws {
        let plugin = try TestPlugin(
            """
            mark = os.path.dirname(os.path.realpath(sys.argv[0])) + "/hung"
            def handle(request):
                if os.path.exists(mark):
                    answer(request, {"version": "second"})
                else:
                    with open(mark + ".tmp", "w") as file:
                        file.write(str(os.getpid()))
                    os.rename(mark + ".tmp", mark)
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)
                    while True:
                        time.sleep(1)
            serve(handle)
            """)
        let sink = try plugin.sink(
            deadlines: Deadlines(start: .seconds(20), call: .seconds(2), shutdown: .milliseconds(200)))
        #expect(
            await error(of: sink)
                == SinkError(
                    .unavailable, "plugin test did not answer put within 2 s"))
        #expect(try await sink.put(secret("s"), as: "n", metadata: someMetadata) == "second")
        let pid = try #require(plugin.text(of: "hung").flatMap { Int($0) })
        #expect(await eventually { !isAlive(pid) })
        await sink.close()
    }

    @Test func silenceAtTheStartEndsByItsDeadline() async throws {
        let sink = try TestPlugin("time.sleep(1000)").sink(
            deadlines: Deadlines(start: .milliseconds(200), call: .seconds(20), shutdown: .milliseconds(200)))
        #expect(
            await error(of: sink)
                == SinkError(
                    .unavailable, "plugin test did not answer initialize within 0.2 s"))
        await sink.close()
    }

    @Test func strayLinesAreToleratedAndNotQuoted() async throws {
        let log = TestLog()
        let sink = try TestPlugin(
            """
            print("hello")
            print('{"jsonrpc": "2.0", "method": "surprise"}')
            def handle(request):
                print("stored", request["params"]["secret"])
                print('{"jsonrpc": "1.0", "id": 2, "result": {}}')
                print("[1, 2]")
                print()
                answer(request, {"version": "yes"})
                answer(request, {"version": "twice"})
                send({"jsonrpc": "2.0", "id": 99, "result": {}})
                send({"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "?"}})
            serve(handle)
            """
        ).sink(log: log)
        #expect(try await sink.put(secret("canary"), as: "n", metadata: someMetadata) == "yes")
        #expect(try await sink.put(secret("canary"), as: "n", metadata: someMetadata) == "yes")
        await sink.close()
        #expect(log.lines.contains("a line of 5 bytes on standard output is no JSON-RPC answer"))
        #expect(!log.lines.contains { $0.contains("hello") || $0.contains("stored") })
    }

    @Test func strayLinesExplainAMissingAnswer() async throws {
        let sink = try TestPlugin(
            """
            serve(lambda request: print("oops", flush=True))
            """
        ).sink(deadlines: short)
        let error = await error(of: sink)
        #expect(error?.code == .unavailable)
        #expect(
            error?.message == "plugin test did not answer put within 0.3 s; it wrote 1 line(s) on standard "
                + "output that are no JSON-RPC message")
        #expect(error?.hint?.contains("standard error") == true)
        await sink.close()
    }

    @Test func outputWithoutEndCostsOneError() async throws {
        let sink = try TestPlugin(
            """
            def handle(request):
                while True:
                    sys.stdout.write("spam\\n" * 1000)
            serve(handle)
            """
        ).sink(deadlines: short)
        #expect(await error(of: sink)?.code == .unavailable)
        await sink.close()
    }

    @Test func aLineWithoutEndCostsOneError() async throws {
        let sink = try TestPlugin(
            """
            def handle(request):
                while True:
                    sys.stdout.write("spam" * 1000)
            serve(handle)
            """
        ).sink(deadlines: Deadlines(start: .seconds(20), call: .seconds(20), shutdown: .milliseconds(200)))
        #expect(
            await error(of: sink)
                == SinkError(
                    .broken, "plugin test wrote a line of more than 1048576 bytes"))
        await sink.close()
    }

    @Test func closedPipesCostOneError() async throws {
        let sink = try TestPlugin(
            """
            def handle(request):
                os.close(0)
                os.close(1)
                time.sleep(1000)
            serve(handle)
            """
        ).sink(deadlines: Deadlines(start: .seconds(20), call: .seconds(20), shutdown: .milliseconds(200)))
        #expect(await error(of: sink) == SinkError(.unavailable, "plugin test closed its standard output"))
        await sink.close()
    }

    @Test func aPluginThatDoesNotReadCostsOneError() async throws {
        let plugin = try TestPlugin(
            """
            with open(os.path.dirname(os.path.realpath(sys.argv[0])) + "/pid", "w") as file:
                file.write(str(os.getpid()))
            for request in requests():
                welcome(request)
                break
            time.sleep(1000)
            """)
        let sink = try plugin.sink(deadlines: short)
        // More than the pipe holds, so that the writing side has to wait too.
        let large = secret(String(repeating: "x", count: 500_000))
        let error = await #expect(throws: SinkError.self) {
            _ = try await sink.put(large, as: "n", metadata: someMetadata)
        }
        #expect(error == SinkError(.unavailable, "plugin test did not answer put within 0.3 s"))
        let pid = try #require(plugin.text(of: "pid").flatMap { Int($0) })
        #expect(await eventually { !isAlive(pid) })
        await sink.close()
    }

    @Test(arguments: [
        (
            #"welcome(request, version=2)"#, SinkError.Code.broken,
            "plugin test speaks version 2 of the protocol"
        ),
        (
            #"welcome(request, can=["get"])"#, .broken,
            "plugin test does not offer put, which every plugin must"
        ),
        (#"answer(request, {})"#, .broken, "plugin test: the answer to initialize does not have the members"),
        (#"fail(request, -32005, "no prefix")"#, .refused, "plugin test: no prefix"),
    ])
    func aFailedHandshakeIsTold(reply: String, code: SinkError.Code, message: String) async throws {
        let plugin = try TestPlugin(
            """
            with open(os.path.dirname(os.path.realpath(sys.argv[0])) + "/pid", "w") as file:
                file.write(str(os.getpid()))
            for request in requests():
                \(reply)
            time.sleep(1000)
            """)
        let sink = try plugin.sink(
            deadlines: Deadlines(start: .seconds(20), call: .seconds(20), shutdown: .milliseconds(200)))
        let error = await error(of: sink)
        #expect(error?.code == code)
        #expect(error?.message.hasPrefix(message) == true)
        let pid = try #require(plugin.text(of: "pid").flatMap { Int($0) })
        await sink.close()
        #expect(!isAlive(pid))
    }

    @Test func closingEndsTheWholeProcessGroup() async throws {
        let plugin = try TestPlugin(
            """
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = subprocess.Popen(["/bin/sleep", "1000"])
            for request in requests():
                if request["method"] == "initialize":
                    welcome(request)
                elif request["method"] == "put":
                    answer(request, {"version": "%d %d" % (os.getpid(), child.pid)})
            time.sleep(1000)
            """)
        let sink = try plugin.sink(deadlines: short)
        let version = try #require(try await sink.put(secret("s"), as: "n", metadata: someMetadata))
        let pids = version.split(separator: " ").compactMap { Int($0) }
        #expect(pids.count == 2)
        #expect(pids.allSatisfy(isAlive))
        await sink.close()
        #expect(!isAlive(pids[0]))
        #expect(await eventually { !isAlive(pids[1]) })
        #expect(await error(of: sink) == SinkError(.unavailable, "plugin test was shut down"))
    }

    @Test func anOrderlyPluginIsNotKilled() async throws {
        let plugin = try TestPlugin(
            """
            serve(lambda request: answer(request, {}))
            open(os.path.dirname(os.path.realpath(sys.argv[0])) + "/orderly", "w").close()
            """)
        let sink = try plugin.sink()
        try await sink.delete("n")
        await sink.close()
        #expect(plugin.text(of: "orderly") == "")
    }

    @Test func aSinkThatIsDroppedEndsItsPlugin() async throws {
        let plugin = try TestPlugin(#"serve(lambda request: answer(request, {"version": str(os.getpid())}))"#)
        var sink: PluginSink? = try plugin.sink()
        let version = try await sink?.put(secret("s"), as: "n", metadata: someMetadata)
        let pid = try #require(version.flatMap { $0 }.flatMap { Int($0) })
        #expect(isAlive(pid))
        sink = nil
        #expect(await eventually { !isAlive(pid) })
    }

    @Test func aCancelledCallReturnsAndThePluginIsTold() async throws {
        let plugin = try TestPlugin(
            """
            folder = os.path.dirname(os.path.realpath(sys.argv[0]))
            def handle(request):
                if request["method"] == "cancel":
                    with open(folder + "/cancelled.tmp", "w") as file:
                        file.write(str(request["params"]["id"]) + " " + str(waiting["id"]))
                    os.rename(folder + "/cancelled.tmp", folder + "/cancelled")
                elif request["method"] == "put":
                    globals()["waiting"] = request
                    open(folder + "/waiting", "w").close()
                else:
                    answer(request, {})
            serve(handle)
            """)
        let sink = try plugin.sink()
        let task = Task { try await sink.put(secret("s"), as: "n", metadata: someMetadata) }
        #expect(await eventually { plugin.text(of: "waiting") != nil })
        task.cancel()
        let error = await #expect(throws: SinkError.self) { _ = try await task.value }
        #expect(error == SinkError(.unavailable, "plugin test: put was cancelled before it was answered"))
        #expect(await eventually { plugin.text(of: "cancelled") != nil })
        let ids = plugin.text(of: "cancelled")?.split(separator: " ") ?? []
        #expect(ids.count == 2 && ids.first == ids.last)
        // The conversation goes on.
        try await sink.delete("n")
        await sink.close()
    }

    @Test func aCancelledCallThatWasNotSentYetIsNeverSent() async throws {
        // It reads nothing until it is told to, while the first put fills the pipe.
        let plugin = try TestPlugin(
            """
            import fcntl, termios
            folder = os.path.dirname(os.path.realpath(sys.argv[0]))
            line = b""
            while not line.endswith(b"\\n"):
                line += os.read(0, 1)
            welcome(json.loads(line))
            while fcntl.ioctl(0, termios.FIONREAD, bytes(4)) == bytes(4):
                time.sleep(0.01)
            open(folder + "/full", "w").close()
            while not os.path.exists(folder + "/go"):
                time.sleep(0.01)
            seen = []
            def handle(request):
                seen.append(request["method"] + " " + request["params"].get("name", ""))
                answer(request, {"version": ", ".join(seen)})
            serve(handle)
            """)
        let sink = try plugin.sink()
        let first = Task {
            try await sink.put(
                secret(String(repeating: "x", count: 500_000)), as: "first", metadata: someMetadata)
        }
        #expect(await eventually { plugin.text(of: "full") != nil })
        let second = Task { try await sink.put(secret("canary"), as: "second", metadata: someMetadata) }
        second.cancel()
        await #expect(throws: SinkError.self) { _ = try await second.value }
        try plugin.write("", to: "go", mode: 0o644)
        _ = try await first.value
        #expect(
            try await sink.put(secret("s"), as: "third", metadata: someMetadata) == "put first, put third")
        await sink.close()
    }

    @Test func aScriptWithoutItsFirstLineIsExplained() async throws {
        let plugin = try TestPlugin("")
        try plugin.write("echo hello", to: "run", mode: 0o755)
        let sink = try plugin.sink()
        let error = await error(of: sink)
        #expect(error?.code == .unavailable)
        #expect(error?.message.hasSuffix("cannot be started: Exec format error") == true)
        #expect(error?.hint == "a script begins with a line like #!/bin/sh")
    }

    @Test func anExecutableThatOthersCanWriteIsNotStarted() async throws {
        let plugin = try TestPlugin("serve(lambda request: answer(request, {}))")
        let sink = try plugin.sink()
        chmod(plugin.folder + "/run", 0o777)
        #expect(await error(of: sink)?.code == .denied)
    }
}
