import FoundationEssentials
import Glibc
import Testing

@testable import Azure

/// A folder with a script in it that is called `az`.
final class Tool: Sendable {
    let folder: String

    /// Another process writes the script: a descriptor of ours that is open for writing could be inherited by
    /// what a test beside this one starts, and Linux starts no file that is open for writing.
    init(_ script: String) async throws {
        folder = FileManager.default.temporaryDirectory.path + "/az-\(UUID())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let writer = try ToolRun(
            "/bin/sh",
            [
                "-c", #"printf '%s\n' "$1" "$2" > "$3" && chmod 700 "$3""#, "sh",
                script.hasPrefix("#!") ? script : "#!/bin/sh", script, path,
            ], environment: [:])
        let written = try await writer.result(within: .seconds(30))
        try #require(written.status == 0)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var path: String { folder + "/az" }

    /// Signs in; the folder stays for as long as that takes.
    func token(
        _ audience: String = "a", tenant: String? = nil, environment: [String: String] = [:]
    )
        async throws(AzureError) -> AccessToken
    {
        try await signIn(tenant: tenant, environment).acquire(audience)
    }

    /// The error that signing in ends in.
    func failure(patience: Duration = .seconds(30)) async -> AzureError? {
        await signIn(patience: patience).failure()
    }

    private func signIn(
        tenant: String? = nil, patience: Duration = .seconds(30), _ environment: [String: String] = [:]
    ) -> AzureCLISignIn {
        AzureCLISignIn(
            environment: ["PATH": "\(folder):/usr/bin:/bin"].merging(environment) { _, new in new },
            tenant: tenant, patience: patience)
    }
}

@Suite("The Azure CLI's session")
struct AzureCLITests {
    @Test func theTokenIsTakenOutOfTheAnswer() async throws {
        let tool = try await Tool(#"echo "{\"accessToken\": \"$*\", \"expires_on\": 4000000000}""#)
        let token = try await tool.token("https://a.example", tenant: "t")
        #expect(
            text(token.secret)
                == "account get-access-token --output json --resource https://a.example --tenant t")
        #expect(token.expiresAt == Date(timeIntervalSince1970: 4_000_000_000))
    }

    @Test func ourOwnSecretsStayHere() async throws {
        let tool = try await Tool(
            #"echo "{\"accessToken\": \"$AZURE_CLIENT_SECRET/$MINE/$(pwd)\", \"expires_on\": 4000000000}""#)
        let token = try await tool.token(environment: ["AZURE_CLIENT_SECRET": "secret", "MINE": "mine"])
        #expect(text(token.secret) == "/mine//")
    }

    @Test(arguments: [
        (
            "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1", AzureError.Code.notOffered,
            "nobody has signed in"
        ),
        ("echo \"ERROR: AADSTS70043: expired. Run az login\" >&2; exit 1", .signIn, "AADSTS70043: expired"),
        ("exit 3", .signIn, "exit status 3"),
        ("kill -9 $$", .signIn, "exit status 137"),
        ("echo '{}'", .malformed, "no accessToken"),
        ("echo '{\"accessToken\": \"secret-token\"}'", .malformed, "no expires_on"),
        ("echo '{\"accessToken\": \"secret-token'", .malformed, "no accessToken"),
        ("yes secret-token", .malformed, "more than any token"),
    ])
    func failures(_ script: String, _ code: AzureError.Code, _ says: String) async throws {
        let failure = try await Tool(script).failure()
        #expect(failure?.code == code)
        #expect(failure?.message.contains(says) == true, "\(failure?.message ?? "none")")
        #expect(failure?.description.contains("secret-token") == false)
    }

    @Test func oneThatHangsIsEndedWithAllThatItStarted() async throws {
        let tool = try await Tool("sleep 600 & echo $! > \"$0.child\"; sleep 600")
        let failure = await tool.failure(patience: .milliseconds(500))
        #expect(failure?.code == .signIn)
        let number = try String(contentsOf: URL(filePath: tool.path + ".child"), encoding: .utf8)
        let child = try #require(pid_t(number.filter(\.isNumber)))
        for _ in 0..<200 where isRunning(child) { try await Task.sleep(for: .milliseconds(10)) }
        #expect(!isRunning(child))
    }

    @Test func oneThatNeverStopsComplainingIsEnded() async throws {
        let failure = try await Tool("yes secret-token >&2").failure(patience: .milliseconds(500))
        #expect(failure?.code == .signIn)
        #expect(failure?.description.contains("secret-token") == false)
    }

    /// Whether a process is there and has not ended; one that nobody has waited for does not count.
    private func isRunning(_ pid: pid_t) -> Bool {
        guard let status = try? String(contentsOf: URL(filePath: "/proc/\(pid)/stat"), encoding: .utf8)
        else { return false }
        return status.split(separator: ")").last?.contains("Z") == false
    }

    @Test func aCancelledTaskEndsIt() async throws {
        let tool = try await Tool("sleep 600")
        let task = Task { await tool.failure() }
        task.cancel()
        #expect(await task.value?.code == .cancelled)
    }

    @Test(arguments: ["", ".", "relative:.", "/nowhere"])
    func onlyFoldersFromTheRootAreLookedInto(_ path: String) async throws {
        let failure = await AzureCLISignIn(environment: ["PATH": path], tenant: nil).failure()
        #expect(failure?.code == .notOffered)
    }

    @Test func aFileThatCannotBeStartedIsNamed() async throws {
        let tool = try await Tool("#!/nowhere/interpreter")
        let failure = await tool.failure()
        #expect(failure?.code == .signIn)
        #expect(failure?.message.contains(tool.path) == true)
    }
}
