import PluginProtocol
import Testing

@testable import PluginHost

@Suite struct ManifestTests {
    private func read(_ text: String) throws(PluginError) -> PluginManifest {
        try PluginManifest(Array(text.utf8), path: "/p/plugin.json")
    }

    @Test func readsAllOfIt() throws {
        let manifest = try read(
            """
            {"name": "pass", "version": "1.0.0", "protocol": "credferry/1", "executable": "pass-sink",
             "environment": ["HOME", "PASSWORD_STORE_DIR"], "network": true,
             "reads": ["${HOME}/.password-store"], "writes": ["/w"], "optionsSchema": {"type": "object"}}
            """)
        #expect(manifest.name == "pass")
        #expect(manifest.version == "1.0.0")
        #expect(manifest.wireProtocol == .credferry1)
        #expect(manifest.executable == "pass-sink")
        #expect(manifest.environment == ["HOME", "PASSWORD_STORE_DIR"])
        #expect(manifest.network)
        #expect(manifest.reads == ["${HOME}/.password-store"])
        #expect(manifest.writes == ["/w"])
        #expect(manifest.optionsSchema == .object(["type": .string("object")]))
    }

    @Test func asksForNothingThatItDoesNotSay() throws {
        let manifest = try read(
            #"{"name": "a", "version": "1", "protocol": "docker-credential", "executable": "a"}"#)
        #expect(manifest.environment.isEmpty && !manifest.network && manifest.reads.isEmpty)
        #expect(manifest.writes.isEmpty && manifest.optionsSchema == .object([:]))
        #expect(manifest.wireProtocol == .dockerCredential)
    }

    @Test(arguments: [
        ("", "it is not JSON"),
        ("[]", "it is no object"),
        (#"{"version": "1", "protocol": "credferry/1", "executable": "a"}"#, "`name` is missing"),
        (#"{"name": "a", "protocol": "credferry/1", "executable": "a"}"#, "`version` is missing"),
        (
            #"{"name": 1, "version": "1", "protocol": "credferry/1", "executable": "a"}"#,
            "`name` is of the wrong type"
        ),
        (
            #"{"name": "a", "version": "1", "protocol": "credferry/1", "executable": "a", "netwrok": true}"#,
            "`netwrok` is not known here"
        ),
        (
            #"{"name": "a", "version": "1", "protocol": "credferry/2", "executable": "a"}"#,
            "`protocol` is \"credferry/2\"; it must be"
        ),
        (
            #"{"name": "a", "version": "1", "protocol": "credferry/1", "executable": "a", "network": "no"}"#,
            "`network` is of the wrong type"
        ),
        (
            #"{"name": "a", "version": "1", "protocol": "credferry/1", "executable": "a", "reads": ["/a", 1]}"#,
            "`reads [1]` is of the wrong type"
        ),
        (
            #"{"name": "a", "version": "1", "protocol": "credferry/1", "executable": "a", "environment": ["A=B"]}"#,
            "`environment` holds \"A=B\", no variable's name"
        ),
    ])
    func saysWhatIsWrong(text: String, message: String) {
        let error = #expect(throws: PluginError.self) { _ = try read(text) }
        #expect(error?.code == .badManifest)
        #expect(error?.message.hasPrefix("/p/plugin.json: \(message)") == true, "\(error?.message ?? "")")
    }

    @Test(arguments: ["", ".", "..", "../a", "a/b", "/bin/sh", ".hidden", "-a", "a b", "ü", "a\\u0000"])
    func anExecutableIsAPlainFileName(name: String) {
        let error = #expect(throws: PluginError.self) {
            _ = try read(
                #"{"name": "a", "version": "1", "protocol": "credferry/1", "executable": "\#(name)"}"#)
        }
        #expect(error?.message.contains("`executable` must be the name of a file") == true)
    }
}
