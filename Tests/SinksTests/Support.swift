import FoundationEssentials
import Glibc
import SecretMemory
import SinkCore
import Testing

/// A folder of a test's own, mode 0700, removed with all that is in it.
final class Scratch {
    let path: String

    init() throws {
        path = "/tmp/credferry-test-" + String(UInt64.random(in: .min ... .max), radix: 36)
        try #require(mkdir(path, 0o700) == 0)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ text: String, to name: String = "file") throws -> String {
        let path = file(name)
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

func makeSecret(_ bytes: [UInt8]) -> Secret { Secret(copying: bytes.span.bytes) }

func makeSecret(_ text: String) -> Secret { makeSecret(Array(text.utf8)) }

func bytes(of secret: borrowing Secret) -> [UInt8] { secret.withUnsafeBytes { Array($0) } }

func contents(_ path: String) -> String {
    (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) } ?? ""
}

func mode(_ path: String) -> UInt32 {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
}

func makeMetadata(_ credential: CredentialKind = .servicePrincipal) -> Metadata {
    Metadata(
        appId: "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d", tenant: "72f988bf-86f1-41af-91ab-2d7cd011db47",
        keyId: "11111111-2222-3333-4444-555555555555", cluster: "prod-weu", credential: credential.rawValue,
        notAfter: Date(timeIntervalSince1970: 1_800_000_000),
        clientAppId: credential == .entraApp ? "0b1f6471-1bf0-4dda-aec3-cb9272f09590" : nil)
}

/// What a command writes to its standard output.
func output(of command: String) throws -> [UInt8] {
    let stream = try #require(popen(command, "r"))
    var result: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&block, 1, block.count, stream)
        guard count > 0 else { break }
        result += block.prefix(count)
    }
    #expect(pclose(stream) == 0)
    return result
}

/// The error that `body` ends with.
func sinkError(_ body: () async throws -> Void) async -> SinkError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? SinkError
    }
}
