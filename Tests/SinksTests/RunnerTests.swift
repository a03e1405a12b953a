import Glibc
import SecretMemory
import SinkCore
import Testing

@testable import Sinks

@Suite("The environment sink in a pipeline")
struct RunnerTests {
    let scratch = try? Scratch()
    let id = makeMetadata().appId

    /// A sink whose standard output is a file.
    func sink(
        _ format: EnvironmentFormat, _ environment: [String: String],
        _ body: (EnvironmentSink) async throws -> Void
    ) async throws -> String {
        let path = try #require(scratch).file("stdout")
        let output = open(path, O_RDWR | O_CREAT | O_APPEND, 0o600)
        defer { close(output) }
        let runner = Runner(environment: environment, output: output)
        try await body(EnvironmentSink(format: format, variables: .article, runner: runner))
        return contents(path)
    }

    /// What the runner makes of a file of commands (its `FileCommandManager`).
    func assignments(_ text: String) throws -> [[String]] {
        var result: [[String]] = []
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        while let line = lines.popFirst() {
            guard !line.isEmpty else { continue }
            let parts = line.split(separator: "<<")
            try #require(parts.count == 2)
            let end = try #require(lines.firstIndex(of: parts[1]))
            result.append([String(parts[0]), lines[..<end].joined(separator: "\n")])
            lines = lines[(end + 1)...]
        }
        return result
    }

    @Test func tellsGitHubTheMaskFirst() async throws {
        let file = try #require(scratch).write("OLD=1", to: "github_env")
        let environment = ["GITHUB_ACTIONS": "true", "GITHUB_ENV": file]
        let output = try await sink(.github, environment) { sink in
            try sink.check(name: "runner:service-principal")
            _ = try await sink.put(
                makeSecret("50%\n \nb"), as: "runner:service-principal", metadata: makeMetadata())
        }
        #expect(output == "::add-mask::50%25\n::add-mask::b\n")
        let text = contents(file)
        #expect(text.hasPrefix("OLD=1\n"))
        #expect(try assignments(String(text.dropFirst(6))) == [["SP_ID", id], ["SP_SECRET", "50%\n \nb"]])
    }

    @Test func appendsToAFileWithoutAJob() async throws {
        let file = try #require(scratch).file("env")
        let output = try await sink(.github, [:]) { sink in
            for text in ["one", "two"] {
                _ = try await sink.put(makeSecret(text), as: file, metadata: makeMetadata())
            }
        }
        #expect(output == "")
        #expect(mode(file) == 0o600)
        let text = contents(file)
        #expect(try assignments(text).map { $0[1] } == [id, "one", id, "two"])
        let delimiters = Set(text.split(separator: "\n").filter { $0.hasPrefix("ghadelimiter_") })
        #expect(delimiters.count == 4)
    }

    @Test func tellsTheAzurePipelinesAgent() async throws {
        let output = try await sink(.azurePipelines, ["TF_BUILD": "True"]) { sink in
            _ = try await sink.put(makeSecret("50%;]"), as: "runner", metadata: makeMetadata())
        }
        #expect(
            output
                == "##vso[task.setvariable variable=SP_ID]\(id)\n"
                + "##vso[task.setvariable variable=SP_SECRET;issecret=true]50%AZP25;]\n")
    }

    @Test func tellsAFileInsteadOfTheAgent() async throws {
        let file = try #require(scratch).file("commands")
        let output = try await sink(.azurePipelines, ["TF_BUILD": "True"]) { sink in
            _ = try await sink.put(makeSecret("s"), as: file, metadata: makeMetadata())
        }
        #expect(output == "")
        #expect(contents(file).contains(";issecret=true]s\n"))
    }

    /// Anywhere but in a job, the secret would be shown on a terminal.
    @Test(arguments: [EnvironmentFormat.github, .azurePipelines])
    func isSilentOutsideOfAJob(format: EnvironmentFormat) async throws {
        let output = try await sink(format, [:]) { sink in
            #expect(throws: SinkError.self) { try sink.check(name: "runner") }
            let error = await sinkError {
                _ = try await sink.put(makeSecret("s"), as: "runner", metadata: makeMetadata())
            }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("is not set here") == true)
        }
        #expect(output == "")
    }

    @Test(arguments: [
        (EnvironmentFormat.github, "a\rb"), (.github, "a\u{0}b"), (.github, ""), (.azurePipelines, "a\nb"),
        (.azurePipelines, "a\rb"), (.azurePipelines, ""),
    ])
    func refusesWhatAJobCannotHold(format: EnvironmentFormat, value: String) async throws {
        let file = try #require(scratch).file("env")
        let environment = ["GITHUB_ENV": file, "TF_BUILD": "True"]
        let output = try await sink(format, environment) { sink in
            let error = await sinkError {
                _ = try await sink.put(makeSecret(value), as: "runner", metadata: makeMetadata())
            }
            #expect(error?.code == .refused)
        }
        #expect(output == "")
        #expect(contents(file) == "")
    }

    @Test(arguments: [EnvironmentFormat.github, .azurePipelines])
    func cannotBeRead(format: EnvironmentFormat) async throws {
        let sink = EnvironmentSink(format: format, variables: .article)
        #expect(sink.capabilities == [.put])
        #expect(await sinkError { _ = try await sink.get("runner") }?.code == .unsupported)
        #expect(await sinkError { try await sink.delete("runner") }?.code == .unsupported)
        #expect(await sinkError { _ = try await sink.list(prefix: "runner") }?.code == .unsupported)
    }

    @Test func appendsToNoLink() async throws {
        let target = try #require(scratch).write("untouched", to: "target")
        let link = try #require(scratch).file("link")
        symlink(target, link)
        _ = try await sink(.github, [:]) { sink in
            let error = await sinkError {
                _ = try await sink.put(makeSecret("s"), as: link, metadata: makeMetadata())
            }
            #expect(error?.code == .refused)
        }
        #expect(contents(target) == "untouched")
    }

    @Test func appendsToNoFileThatOthersCanReadOrExchange() async throws {
        let scratch = try #require(scratch)
        let file = try scratch.write("", to: "env")
        chmod(file, 0o640)
        func put() async throws -> SinkError? {
            var error: SinkError?
            _ = try await sink(.azurePipelines, [:]) { sink in
                error = await sinkError {
                    _ = try await sink.put(makeSecret("s"), as: file, metadata: makeMetadata())
                }
            }
            return error
        }
        chmod(scratch.path, 0o777)
        #expect(try await put()?.code == .denied)
        #expect(contents(file) == "")
        chmod(scratch.path, 0o700)
        #expect(try await put() == nil)
        #expect(mode(file) == 0o600)
    }

    @Test func needsTheRunnersFile() async throws {
        let file = try #require(scratch).file("missing")
        _ = try await sink(.github, ["GITHUB_ENV": file]) { sink in
            let error = await sinkError {
                _ = try await sink.put(makeSecret("s"), as: "runner", metadata: makeMetadata())
            }
            #expect(error?.code == .unavailable)
        }
    }

    @Test(arguments: EnvironmentSinkTests.files)
    func isNoNameForAFile(format: EnvironmentFormat) {
        #expect(throws: SinkError.self) {
            try EnvironmentSink(format: format, variables: .article).check(name: "runner")
        }
    }
}
