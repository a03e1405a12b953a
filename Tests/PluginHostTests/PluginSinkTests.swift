import FoundationEssentials
import PluginProtocol
import SecretMemory
import SinkCore
import Testing

@testable import PluginHost

/// A store in memory.
private let store = """
    kept = {}
    def handle(request):
        method, params = request["method"], request["params"]
        if method == "put":
            kept[params["name"]] = params
            answer(request, {"version": "v%d" % len(kept)})
        elif method == "get" and params["name"] in kept:
            entry = kept[params["name"]]
            answer(request, {"secret": entry["secret"], "metadata": entry["metadata"], "version": "v1"})
        elif method == "get":
            fail(request, -32001, "nothing under " + params["name"])
        elif method == "delete":
            kept.pop(params["name"], None)
            answer(request, {})
        else:
            answer(request, {"entries": [{"name": n, "version": None, "metadata": kept[n]["metadata"]}
                                         for n in sorted(kept) if n.startswith(params["prefix"])]})
    serve(handle)
    """

@Suite struct PluginSinkTests {
    @Test func storesAndGivesBackEveryByte() async throws {
        let plugin = try TestPlugin(store)
        let sink = try plugin.sink()
        let all = Secret(capacity: 256) { output in
            for byte in UInt8.min...UInt8.max { output.append(byte) }
        }
        #expect(try await sink.put(all, as: "a \"name\"\n/ü", metadata: someMetadata) == "v1")
        let stored = try await sink.get("a \"name\"\n/ü")
        let isEqual = stored.secret.isEqual(to: all)
        #expect(isEqual)
        #expect(stored.metadata == someMetadata)
        #expect(stored.version == "v1")
        _ = try await sink.put(secret("two"), as: "b", metadata: someMetadata)
        #expect(try await sink.list(prefix: "b") == [SinkEntry(name: "b", metadata: someMetadata)])
        try await sink.delete("b")
        #expect(try await sink.list(prefix: "b").isEmpty)
        await sink.close()
    }

    @Test func largeSecretsFitUpToTheLimit() async throws {
        let sink = try TestPlugin(store).sink()
        let large = secret(String(repeating: "x", count: 700_000))
        _ = try await sink.put(large, as: "large", metadata: someMetadata)
        let stored = try await sink.get("large")
        let isEqual = stored.secret.isEqual(to: large)
        #expect(isEqual)
        let error = await #expect(throws: SinkError.self) {
            _ = try await sink.put(
                secret(String(repeating: "x", count: 800_000)), as: "larger", metadata: someMetadata)
        }
        #expect(error?.code == .refused)
        await sink.close()
    }

    @Test func anEmptyNameIsRefused() async throws {
        let sink = try TestPlugin(store).sink()
        #expect(throws: SinkError.self) { try sink.check(name: "") }
        #expect(throws: Never.self) { try sink.check(name: "-/.. ü") }
    }

    @Test func startsNothingBeforeTheFirstCall() async throws {
        let plugin = try TestPlugin(
            """
            open(os.path.dirname(os.path.realpath(sys.argv[0])) + "/started", "w").close()
            serve(lambda request: answer(request, {}))
            """)
        let sink = try plugin.sink()
        #expect(sink.capabilities == [.put, .get])
        try await Task.sleep(for: .milliseconds(100))
        #expect(plugin.text(of: "started") == nil)
        try await sink.delete("x")
        #expect(plugin.text(of: "started") == "")
        #expect(sink.capabilities == Set(SinkCapability.allCases))
        await sink.close()
    }

    @Test func theProcessGetsNothingThatItDidNotAskFor() async throws {
        let plugin = try TestPlugin(
            """
            descriptors = sorted(int(n) for n in os.listdir("/proc/self/fd"))
            report = {"environment": dict(os.environ), "folder": os.getcwd(), "arguments": sys.argv,
                      "open": [n for n in descriptors if os.path.exists("/proc/self/fd/%d" % n)],
                      "self": os.readlink("/proc/self/fd/3"),
                      "leads": os.getsid(0) == os.getpid() == os.getpgid(0),
                      "blocked": len(signal.pthread_sigmask(signal.SIG_BLOCK, []))}
            serve(lambda request: answer(request, {"version": json.dumps(report)}))
            """, environment: ["WANTED", "UNSET"])
        let sink = try plugin.sink(environment: ["WANTED": "yes", "OTHER": "no", "HOME": "/root"])
        let text = try #require(try await sink.put(secret("s"), as: "n", metadata: someMetadata))
        let report = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        guard case .object(var members) = report, case .object(var environment)? = members["environment"],
            case .array(let arguments)? = members["arguments"]
        else {
            Issue.record("an odd report: \(text)")
            return
        }
        // Python sets this one itself, when it finds no locale.
        environment["LC_CTYPE"] = nil
        members["environment"] = .object(environment)
        #expect(members["environment"] == .object(["WANTED": .string("yes")]))
        #expect(members["folder"] == .string("/"))
        // 3 is the script itself, as its interpreter found it.
        #expect(members["open"] == .array([.integer(0), .integer(1), .integer(2), .integer(3)]))
        #expect(members["self"] == .string(plugin.folder + "/run"))
        #expect(members["leads"] == .bool(true))
        #expect(members["blocked"] == .integer(0))
        #expect(arguments.count == 1)
        await sink.close()
    }

    @Test func theProcessCannotGainPrivilegesDumpOrGrowWithoutEnd() async throws {
        let plugin = try TestPlugin(
            """
            import resource
            with open("/proc/self/status") as file:
                status = dict(line.split()[:2] for line in file if len(line.split()) > 1)
            try:
                grown = bool(bytearray(3 << 29))
            except MemoryError:
                grown = False
            report = {"new privileges": status["NoNewPrivs:"] == "0", "grown": grown,
                      "core": list(resource.getrlimit(resource.RLIMIT_CORE)),
                      "small": bool(bytearray(64 << 20))}
            serve(lambda request: answer(request, {"version": json.dumps(report, sort_keys=True)}))
            """)
        let sink = try plugin.sink()
        #expect(
            try await sink.put(secret("s"), as: "n", metadata: someMetadata)
                == #"{"core": [0, 0], "grown": false, "new privileges": false, "small": true}"#)
        await sink.close()
    }

    @Test func optionsAndTheHostAreTold() async throws {
        let plugin = try TestPlugin(
            """
            for request in requests():
                if request["method"] == "initialize":
                    told = request["params"]
                    welcome(request)
                elif request["method"] == "put":
                    answer(request, {"version": json.dumps(told, sort_keys=True)})
            """)
        let sink = try plugin.sink(options: ["prefix": .string("azure"), "depth": .integer(3)])
        #expect(
            try await sink.put(secret("s"), as: "n", metadata: someMetadata)
                == #"{"host": {"name": "credferry", "version": "0"}, "#
                + #""options": {"depth": 3, "prefix": "azure"}, "protocol": [1]}"#)
        await sink.close()
    }

    @Test func answersMayComeInAnyOrder() async throws {
        // It answers nothing until it has three requests, and then the last one first.
        let plugin = try TestPlugin(
            """
            waiting = []
            def handle(request):
                waiting.append(request)
                if len(waiting) == 3:
                    for one in reversed(waiting):
                        answer(one, {"version": one["params"]["name"]})
            serve(handle)
            """)
        let sink = try plugin.sink()
        async let a = sink.put(secret("1"), as: "a", metadata: someMetadata)
        async let b = sink.put(secret("2"), as: "b", metadata: someMetadata)
        async let c = sink.put(secret("3"), as: "c", metadata: someMetadata)
        #expect(try await [a, b, c] == ["a", "b", "c"])
        await sink.close()
    }

    @Test(arguments: [
        (-32001, SinkError.Code.notFound), (-32002, .locked), (-32003, .denied), (-32004, .unavailable),
        (-32005, .refused), (-32601, .unsupported), (-32603, .broken), (7, .broken),
    ])
    func errorsKeepTheirCode(number: Int, code: SinkError.Code) async throws {
        let sink = try TestPlugin(
            """
            serve(lambda request: fail(request, \(number), "no: \\x1b[31m\\n" + "x" * 600,
                                       data={"hint": "mend\\nit"}))
            """
        ).sink()
        let error = await #expect(throws: SinkError.self) { try await sink.delete("n") }
        #expect(error?.code == code)
        #expect(error?.message.hasPrefix("plugin test: no:  [31m xxx") == true)
        #expect(error?.message.count == "plugin test: ".count + 500)
        #expect(error?.hint == "mend it")
        await sink.close()
    }

    @Test func whatAPluginDoesNotOfferItIsNotAskedFor() async throws {
        let sink = try TestPlugin(
            """
            for request in requests():
                if request["method"] == "initialize":
                    welcome(request, can=["put", "time-travel"])
                else:
                    answer(request, {})
            """
        ).sink()
        let error = await #expect(throws: SinkError.self) { try await sink.delete("n") }
        #expect(error == SinkError(.unsupported, "plugin test does not offer delete"))
        #expect(sink.capabilities == [.put])
        await sink.close()
    }

    @Test(arguments: [
        ("get", #"{"metadata": null}"#, "the answer to get has no secret in base64 with padding"),
        ("get", #"{"secret": {"base64": "A"}}"#, "the answer to get has no secret in base64 with padding"),
        ("list", #"{"entries": [{"version": "1"}]}"#, "the answer to list does not have the members"),
        ("list", "[]", "the answer to list does not have the members"),
        ("put", #"{"version": 7}"#, "the answer to put does not have the members"),
    ])
    func answersOfTheWrongShapeAreTheFaultOfThePlugin(method: String, result: String, message: String)
        async throws
    {
        let sink = try TestPlugin("serve(lambda request: answer(request, json.loads('''\(result)''')))")
            .sink()
        let error = await #expect(throws: SinkError.self) {
            switch method {
            case "get": _ = try await sink.get("n")
            case "list": _ = try await sink.list(prefix: "")
            default: _ = try await sink.put(secret("s"), as: "n", metadata: someMetadata)
            }
        }
        #expect(error?.code == .broken)
        #expect(error?.message.hasPrefix("plugin test: \(message)") == true)
        await sink.close()
    }

    @Test func theLogIsStandardErrorMadeHarmless() async throws {
        let log = TestLog()
        let sink = try TestPlugin(
            """
            sys.stderr.write("first\\x1b[2J line\\n" + "y" * 5000 + "\\nlast")
            sys.stderr.flush()
            serve(lambda request: answer(request, {}))
            """
        ).sink(log: log)
        try await sink.delete("n")
        await sink.close()
        #expect(log.lines.contains("first [2J line"))
        #expect(log.lines.contains(String(repeating: "y", count: 1000) + "…"))
        #expect(log.lines.contains("last"))
        #expect(log.plugins == ["test"])
    }

    @Test func optionsThatJSONCannotHoldAreAnError() throws {
        let plugin = try TestPlugin(store)
        let error = #expect(throws: PluginError.self) {
            _ = try plugin.sink(options: ["x": .number(.infinity)])
        }
        #expect(error?.code == .badOptions)
    }

    @Test func anotherProtocolIsNamed() throws {
        let plugin = try TestPlugin(
            "",
            manifest: """
                {"name": "test", "version": "1", "protocol": "docker-credential", "executable": "run"}
                """)
        let error = #expect(throws: PluginError.self) { _ = try plugin.sink() }
        #expect(error?.code == .unsupported)
    }
}
