import Glibc
import SecretMemory
import SinkCore
import Testing

@testable import Sinks

@Suite("The environment sink's files")
struct EnvironmentSinkTests {
    static let files: [EnvironmentFormat] = [.shell, .dotenv, .systemd]
    let scratch = try? Scratch()

    func path() throws -> String { try #require(scratch).file("env") }

    @Test(arguments: files, [VariableStyle.article, .azureIdentity])
    func giveBackWhatTheyHold(format: EnvironmentFormat, style: VariableStyle) async throws {
        let sink = EnvironmentSink(format: format, variables: style)
        let path = try path()
        for kind in CredentialKind.allCases {
            _ = try await sink.put(makeSecret("s-\(kind)"), as: path, metadata: makeMetadata(kind))
            let stored = try await sink.get(path)
            #expect(bytes(of: stored.secret) == Array("s-\(kind)".utf8))
            #expect(stored.metadata == makeMetadata(kind))
            #expect(try await sink.list(prefix: path).map(\.metadata) == [makeMetadata(kind)])
        }
        #expect(mode(path) == 0o600)
        try await sink.delete(path)
        #expect(await sinkError { _ = try await sink.get(path) }?.code == .notFound)
    }

    @Test func lookLikeThis() async throws {
        let path = try path()
        let metadata = makeMetadata(.entraApp)
        let comment =
            "# credferry keyId=\(metadata.keyId) tenant=\(metadata.tenant) notAfter=2027-01-15T08:00:00Z "
            + "cluster=prod-weu credential=entra-app clientAppId=0b1f6471-1bf0-4dda-aec3-cb9272f09590\n"
        let expected = [
            EnvironmentFormat.shell: """
            export SERVER_APPLICATION_ID='\(metadata.appId)'
            export CLIENT_APPLICATION_ID='0b1f6471-1bf0-4dda-aec3-cb9272f09590'
            export SERVER_APPLICATION_SECRET='it'\\''s'

            """,
            .dotenv: """
            SERVER_APPLICATION_ID='\(metadata.appId)'
            CLIENT_APPLICATION_ID='0b1f6471-1bf0-4dda-aec3-cb9272f09590'
            SERVER_APPLICATION_SECRET="it's"

            """,
            .systemd: """
            SERVER_APPLICATION_ID="\(metadata.appId)"
            CLIENT_APPLICATION_ID="0b1f6471-1bf0-4dda-aec3-cb9272f09590"
            SERVER_APPLICATION_SECRET="it's"

            """,
        ]
        for format in Self.files {
            let sink = EnvironmentSink(format: format, variables: .article)
            _ = try await sink.put(makeSecret("it's"), as: path, metadata: metadata)
            #expect(contents(path) == comment + (expected[format] ?? ""))
        }
    }

    /// A shell is the judge of its own quotes.
    @Test(arguments: ["/bin/sh", "/bin/bash --posix"])
    func areSourcedByAShell(shell: String) async throws {
        let value = Array(UInt8(1)...255) + Array("'\\'' $(false) `false` \\n\n\n".utf8)
        let path = try path()
        let sink = EnvironmentSink(format: .shell, variables: .article)
        _ = try await sink.put(makeSecret(value), as: path, metadata: makeMetadata())
        let stored = try await sink.get(path)
        #expect(bytes(of: stored.secret) == value)
        #expect(try output(of: "\(shell) -c '. \(path); printf %s \"$SP_SECRET\"'") == value)
        // Exported, so that a child has it too.
        let child = try output(of: "\(shell) -c '. \(path); exec sh -c \"printf %s \\\"\\$SP_ID\\\"\"'")
        #expect(child == Array(makeMetadata().appId.utf8))
    }

    @Test(arguments: [
        "plain", "sp ace", "#no comment", "a=b", " edge ", "it's", "say \"x\"", "a\\b", "a$b", "\t", "ünï",
        "`x`",
        "a b # c", "{x}", "\u{7F}\u{1}",
    ])
    func holdInDotenv(value: String) async throws {
        let path = try path()
        let sink = EnvironmentSink(format: .dotenv, variables: .article)
        _ = try await sink.put(makeSecret(value), as: path, metadata: makeMetadata())
        let stored = try await sink.get(path)
        #expect(bytes(of: stored.secret) == Array(value.utf8))
    }

    @Test(arguments: [
        "a\nb", "a\rb", "a\u{0}b", "${HOME}", "a\\\\b", "end\\", "'\"", "'$", "'\\", "'`",
    ])
    func refuseInDotenvWhatReadersDoNotAgreeOn(value: String) async throws {
        let path = try path()
        let sink = EnvironmentSink(format: .dotenv, variables: .article)
        let error = await sinkError {
            _ = try await sink.put(makeSecret(value), as: path, metadata: makeMetadata())
        }
        #expect(error?.code == .refused)
        #expect(try #require(scratch).names == [])
    }

    @Test func escapeForSystemdWhatItsManualSays() async throws {
        let path = try path()
        let sink = EnvironmentSink(format: .systemd, variables: .azureIdentity)
        let value = "a\"b\\c`d$e'f\t #;ü"
        _ = try await sink.put(makeSecret(value), as: path, metadata: makeMetadata())
        #expect(contents(path).contains("\nAZURE_CLIENT_SECRET=\"a\\\"b\\\\c\\`d\\$e'f\t #;ü\"\n"))
        let stored = try await sink.get(path)
        #expect(bytes(of: stored.secret) == Array(value.utf8))
    }

    /// systemd passes over a value with control characters, with no more than a line in its log.
    @Test func refuseForSystemdWhatItPassesOver() async throws {
        let path = try path()
        let sink = EnvironmentSink(format: .systemd, variables: .article)
        for byte in UInt8.min...UInt8.max {
            let isHeld = byte == 9 || (0x20..<0x7F).contains(byte)
            let error = await sinkError {
                _ = try await sink.put(makeSecret([0x61, byte, 0x62]), as: path, metadata: makeMetadata())
            }
            #expect((error == nil) == isHeld, "byte \(byte)")
            #expect(error == nil || error?.code == .refused)
        }
    }

    @Test(arguments: [
        (EnvironmentFormat.shell, "SP_SECRET=plain", "plain"),
        (.shell, "  export  SP_SECRET='x' # ours\nOTHER=1\n", "x"),
        (.shell, "SP_SECRET=old; SP_ID=1\nSP_SECRET=new;", "new"),
        (.shell, "OTHER='\nSP_SECRET=inside\n'\nSP_SECRET=\"a\\\"\\$b\"'c'\\ d", "a\"$bc d"),
        (.shell, "# it's a comment\nMY_SP_SECRET=no\nSP_SECRET=yes\nSP_SECRETS=no\n", "yes"),
        (.dotenv, "SP_SECRET = spaced out  # comment\n", "spaced out"),
        (.dotenv, "export SP_SECRET=a#b\\n\r\n", "a#b\\n"),
        (.dotenv, "SP_SECRET='a\\'b\\\\c'", "a'b\\c"),
        (.dotenv, "don't\nSP_SECRET=\"x y\"\n", "x y"),
        (.systemd, "; comment\n# comment's\nSP_SECRET = one two \n", "one two"),
        (.systemd, "SP_SECRET='a\\b'", "a\\b"),
        (.dotenv, "OTHER=it's\nSP_SECRET=isn't\n", "isn't"),
        (.dotenv, "SP_SECRET='a' # isn't\n", "a"),
        (.systemd, "OTHER=it's\nSP_SECRET=isn't\n", "isn't"),
        (.systemd, "SP_SECRET=\"a\"'b'c\\d\\\ne\n", "abcde"),
        (.shell, "SP_SECRET=a\\\nb\"c\\\nd\"\n", "abcd"),
        (.systemd, "SP_ID=x\nSERVER_APPLICATION_SECRET=y", "y"),
    ])
    func areReadAfterSomebodyEditedThem(format: EnvironmentFormat, text: String, value: String) async throws {
        let path = try #require(scratch).write(text)
        let stored = try await EnvironmentSink(format: format, variables: .article).get(path)
        #expect(String(decoding: bytes(of: stored.secret), as: UTF8.self) == value)
        #expect(stored.metadata == nil)
    }

    @Test func keepMetadataThatNeedsEncoding() throws {
        var metadata = makeMetadata()
        metadata.cluster = "a b=c%\n'ü"
        let text = MetadataComment.text(metadata)
        #expect(text.contains("cluster=a%20b%3Dc%25%0A%27%C3%BC"))
        #expect(MetadataComment.metadata(text, appId: metadata.appId) == metadata)
        #expect(MetadataComment.metadata("keyId=k", appId: "a") == nil)
        #expect(MetadataComment.metadata(text + " x=%", appId: "a") == nil)
    }

    @Test func nameTheVariablesOfTheArticle() {
        func names(_ kind: CredentialKind, _ style: VariableStyle = .article) -> [String] {
            EnvironmentVariables.variables(for: makeMetadata(kind), style: style).map(\.name)
        }
        #expect(names(.servicePrincipal) == ["SP_ID", "SP_SECRET"])
        #expect(names(.application) == ["SP_ID", "SP_SECRET"])
        #expect(
            names(.entraApp) == [
                "SERVER_APPLICATION_ID", "CLIENT_APPLICATION_ID", "SERVER_APPLICATION_SECRET",
            ])
        for kind in CredentialKind.allCases {
            #expect(
                names(kind, .azureIdentity) == ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"])
        }
        var metadata = makeMetadata(.entraApp)
        metadata.clientAppId = nil
        #expect(
            EnvironmentVariables.variables(for: metadata, style: .article) == [
                EnvironmentVariable(name: "SERVER_APPLICATION_ID", value: .text(metadata.appId)),
                EnvironmentVariable(name: "SERVER_APPLICATION_SECRET", value: .secret),
            ])
    }
}
