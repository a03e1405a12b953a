import FoundationEssentials
import Glibc
import Testing

@testable import AzureSandbox

@Suite("A running sandbox", .serialized)
struct LiveTests {
    /// What its first files say.
    private struct Running {
        let folder: String
        let description: JSON

        func file(_ name: String) -> [UInt8]? {
            (try? Data(contentsOf: URL(filePath: "\(folder)/\(name)"))).map(Array.init)
        }

        /// Asks the control interface.
        func control(_ path: String, _ more: String = "") throws -> Curl.Result {
            let control = description["control"]
            return try #require(
                Curl.run(
                    """
                    cacert = "\(folder)/ca.pem"
                    url = "\(control?["endpoint"]?.text ?? "")\(path)"
                    header = "Authorization: Bearer \(control?["token"]?.text ?? "")"
                    \(more)

                    """))
        }
    }

    /// Lets a sandbox run for a test's sake.
    private func withSandbox(_ body: (Running) async throws -> Void) async throws {
        let folder = "\(URL.temporaryDirectory.path())/sandbox-\(Random.version())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var options = SandboxOptions(stateFolder: "\(folder)/state")
        options.propagation = 0
        let server = SandboxServer(options)
        let task = Task { try await server.run(listening: { _ in }) }
        // The last file's existence means that it listens; the bound is only there so as not to hang.
        let file = URL(filePath: "\(folder)/state/sandbox.json")
        var data: Data?
        for _ in 0..<600 where data == nil {
            data = try? Data(contentsOf: file)
            if data == nil { try await Task.sleep(for: .milliseconds(50)) }
        }
        let description = try #require(data.flatMap { JSON.parse(Array($0)) })
        do {
            try await body(Running(folder: "\(folder)/state", description: description))
        } catch {
            task.cancel()
            throw error
        }
        task.cancel()
        _ = await task.result
        #expect(!FileManager.default.fileExists(atPath: file.path()))
    }

    private func mode(_ path: String) -> mode_t? {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        return information.st_mode & 0o7777
    }

    @Test func itTakesNoFolderOfAnybodyElses() async throws {
        let folder = "\(URL.temporaryDirectory.path())/sandbox-\(Random.version())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: "\(folder)/a/b", withIntermediateDirectories: true)
        #expect(chmod(folder, 0o755) == 0)
        #expect(throws: SandboxError.self) { try StateFolder(folder) }
        #expect(mode(folder) == 0o755)
        #expect(chmod(folder, 0o700) == 0)
        #expect(throws: Never.self) { try StateFolder(folder) }
        #expect(try StateFolder("\(folder)/a/b").path.hasSuffix("/a/b"))
        #expect(mode("\(folder)/a/b") == 0o700)
        #expect(try StateFolder("\(folder)/c/d/").file("x").hasSuffix("/c/d/x"))
    }

    @Test func itsFilesAreItsOwners() async throws {
        try await withSandbox { running in
            #expect(mode(running.folder) == 0o700)
            for name in ["ca.pem", "operator-secret", "credferry.yaml", "sandbox.json"] {
                #expect(mode("\(running.folder)/\(name)") == 0o600, "\(name)")
            }
            #expect(running.file("operator-secret")?.count == 40)
            let configuration = String(decoding: running.file("credferry.yaml") ?? [], as: UTF8.self)
            #expect(configuration.contains(running.description["tenant"]?.text ?? "?"))
            #expect(configuration.contains("- name: demo"))
            #expect(
                !configuration.contains(
                    String(decoding: running.file("operator-secret") ?? [], as: UTF8.self)))
        }
    }

    @Test func curlTrustsItByItsCertificateAlone() async throws {
        try await withSandbox { running in
            let state = try running.control("/state")
            #expect(state.status == 0)
            #expect(JSON.parse(Array(state.output.utf8))?["clusters"]?.elements?.count == 1)
            let endpoint = running.description["endpoint"]?.text ?? ""
            let stranger = try #require(Curl.run("url = \"\(endpoint)\"\n"))
            // 60: the certificate's authority is not known.
            #expect(stranger.status == 60)
        }
    }

    @Test func everyServiceHasItsHost() async throws {
        try await withSandbox { running in
            let suffix = running.description["vaultSuffix"]?.text ?? ""
            let hosts = ["login", "graph", "management"].map { running.description[$0]?.text ?? "" }
            let urls = [
                hosts[0] + "/common/discovery/instance", hosts[1] + "/v1.0/applications",
                hosts[2] + "/tenants?api-version=2022-12-01", "https://ops.\(suffix)/secrets?api-version=7.4",
            ]
            let statuses = try urls.map { url in
                try #require(
                    Curl.run(
                        """
                        cacert = "\(running.folder)/ca.pem"
                        url = "\(url)"
                        write-out = "%{http_code}"
                        output = "/dev/null"

                        """)
                ).output
            }
            #expect(statuses == ["200", "401", "401", "401"])
            let exchanges = JSON.parse(Array(try running.control("/exchanges").output.utf8))?.elements
            #expect(exchanges?.map { $0["service"] } == ["login", "graph", "arm", "vault"])
            #expect(exchanges?.map { $0["url"]?.text } == urls)
        }
    }

    @Test func faultsReachTheConnection() async throws {
        try await withSandbox { running in
            let graph = running.description["graph"]?.text ?? ""
            let faults = [
                #"{"effect":{"drop":"before"}}"#, #"{"effect":{"drop":"after"}}"#,
                #"{"effect":{"status":429,"headers":{"Retry-After":"2"}}}"#, #"{"effect":{"hang":true}}"#,
            ]
            for fault in faults {
                let quoted = fault.replacing("\"", with: "\\\"")
                let set = try running.control(
                    "/faults", "data = \"\(quoted)\"\nwrite-out = \"%{http_code}\"")
                #expect(set.output == "204")
            }
            let results = try faults.map { fault in
                let result = try #require(
                    Curl.run(
                        """
                        cacert = "\(running.folder)/ca.pem"
                        url = "\(graph)/v1.0/applications"
                        max-time = \(fault.contains("hang") ? 3 : 30)
                        write-out = "%{http_code}"

                        """))
                return "\(result.status) \(result.output)"
            }
            // 52: the connection was closed without an answer; 28: there was none in time.
            #expect(results == ["52 000", "52 000", "0 429", "28 000"])
            let exchanges = JSON.parse(Array(try running.control("/exchanges").output.utf8))?.elements
            #expect(exchanges?.map { $0["dropped"]?.text } == ["before", "after", nil, "hang"])
        }
    }
}
