import FoundationEssentials
import Glibc
import Testing

@testable import Settings

@Suite("The configuration's file")
struct LoadTests {
    let folder: String

    init() throws {
        folder = "/tmp/credferry-test-" + String(UInt64.random(in: .min ... .max), radix: 36)
        try #require(mkdir(folder, 0o700) == 0)
    }

    func write(_ bytes: [UInt8], to name: String = "config.yaml") throws -> String {
        let path = folder + "/" + name
        try FileManager.default.createDirectory(
            atPath: Paths.folder(of: path), withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    func write(_ text: String, to name: String = "config.yaml") throws -> String {
        try write(Array(text.utf8), to: name)
    }

    func fault(_ path: String?, _ environment: [String: String] = home) -> ConfigurationError? {
        #expect(throws: ConfigurationError.self) {
            try Configuration.load(from: path, environment: environment)
        }
    }

    @Test func isSearchedForInOrder() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let named = try write("{version: 1, concurrency: 1}", to: "named.yaml")
        let variable = try write("{version: 1, concurrency: 2}", to: "variable.yaml")
        _ = try write("{version: 1, concurrency: 3}", to: "xdg/credferry/config.yaml")
        _ = try write("{version: 1, concurrency: 4}", to: "home/.config/credferry/config.yaml")
        var environment = [
            "CREDFERRY_CONFIG": variable, "XDG_CONFIG_HOME": folder + "/xdg", "HOME": folder + "/home",
        ]
        func concurrency(_ path: String? = nil) throws -> Int {
            try Configuration.load(from: path, environment: environment).concurrency
        }
        #expect(try concurrency(named) == 1)
        #expect(try concurrency() == 2)
        environment["CREDFERRY_CONFIG"] = ""
        #expect(try concurrency() == 3)
        environment["XDG_CONFIG_HOME"] = "xdg"
        #expect(try concurrency() == 4)
        environment["CREDFERRY_CONFIG"] = folder + "/missing.yaml"
        #expect(fault(nil, environment)?.message.contains("missing.yaml cannot be read") == true)
    }

    @Test(.enabled(if: access("/etc/credferry/config.yaml", F_OK) != 0))
    func isMissedByName() {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let error = fault(nil, ["HOME": folder])
        #expect(
            error?.message
                == "there is no configuration: neither \(folder)/.config/credferry/config.yaml nor "
                + "/etc/credferry/config.yaml exists")
        #expect(error?.position == nil)
    }

    @Test func mayBeRelativeToTheCurrentFolder() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try write("{version: 1, state: s}")
        let current = try #require(getcwd(nil, 0))
        defer { free(current) }
        // Climbs to the root, so that the test need not change the folder of all tests.
        let depth = String(cString: current).split(separator: "/").count
        let path = String(repeating: "../", count: depth) + folder.dropFirst() + "/./config.yaml"
        let configuration = try Configuration.load(from: path, environment: home)
        #expect(configuration.file.hasPrefix(String(cString: current) + "/.."))
        #expect(configuration.state.hasSuffix("\(folder)/s"))
    }

    @Test func mayBeAPipe() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        _ = "version: 1\nconcurrency: 9".withCString { Glibc.write(ends[1], $0, 25) }
        close(ends[1])
        defer { close(ends[0]) }
        let configuration = try Configuration.load(from: "/dev/fd/\(ends[0])", environment: home)
        #expect(configuration.concurrency == 9)
    }

    @Test func isReadOnlyWhereItIsOne() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(fault("")?.message == "the configuration's path is empty")
        #expect(
            fault(folder)?.description == "\(folder) cannot be read: Is a directory; name the file in it")
        #expect(fault(folder + "/none")?.description.contains("No such file or directory; write it") == true)
        let large = try write([UInt8](repeating: 0x23, count: 1 << 20 + 1))
        #expect(fault(large)?.message == "\(large) is larger than 1 MiB")
        let largest = try write("version: 1\n#" + String(repeating: "x", count: 1 << 20 - 12))
        #expect(throws: Never.self) { try Configuration.load(from: largest, environment: home) }
        let latin = try write(Array("version: 1\nstate: /s".utf8) + [0xFC])
        let error = fault(latin)
        #expect(error?.message == "the file is not UTF-8")
        #expect(error?.position == Position(file: latin, line: 2, column: 10))
        #expect(fault(try write([]))?.message == "the file is empty")
    }
}
