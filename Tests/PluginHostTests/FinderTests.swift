import FoundationEssentials
import Glibc
import Testing

@testable import PluginHost

@Suite struct FinderTests {
    @Test func looksInTheOrderOfTheContract() {
        let finder = PluginFinder.standard(
            environment: ["CREDFERRY_PLUGIN_PATH": "/a::/b", "XDG_DATA_HOME": "/data", "HOME": "/home/u"],
            program: "/opt/x/bin/credferry")
        #expect(
            finder.places == [
                .folder("/a"), .folder("/b"), .folder("/data/credferry/plugins"),
                .installation("/opt/x/libexec/credferry/plugins"),
            ])
    }

    @Test func theDataFolderHasADefault() {
        let finder = PluginFinder.standard(
            environment: ["XDG_DATA_HOME": "relative", "HOME": "/home/u"], program: nil)
        #expect(finder.places == [.folder("/home/u/.local/share/credferry/plugins")])
        #expect(PluginFinder.standard(environment: [:], program: nil).places.isEmpty)
    }

    @Test(arguments: [".build", ".build-release"])
    func aBuildFolderHasThePluginsBesideIt(scratch: String) {
        let products = "/src/\(scratch)/x86_64-unknown-linux-gnu/debug"
        let finder = PluginFinder.standard(environment: [:], program: "\(products)/credferry")
        #expect(finder.places == [.build(sources: "/src/plugins", products: products)])
    }

    @Test func takesTheExecutableFromTheBuild() throws {
        let plugin = try TestPlugin("")
        let products = plugin.home + "/products"
        mkdir(products, 0o755)
        let finder = PluginFinder(places: [.build(sources: plugin.home, products: products)])
        #expect(try finder.find("test").executablePath == plugin.folder + "/run")
        try FileManager.default.copyItem(atPath: plugin.folder + "/run", toPath: products + "/run")
        #expect(try finder.find("test").executablePath == products + "/run")
    }

    @Test func theFirstPlaceDecides() throws {
        let first = try TestPlugin("")
        let second = try TestPlugin("")
        let finder = PluginFinder(places: [
            .folder("/nonexistent"), .folder(first.home), .folder(second.home),
        ])
        #expect(try finder.find("test").folder == first.folder)
        try first.write("{}", to: "plugin.json", mode: 0o644)
        let error = #expect(throws: PluginError.self) { _ = try finder.find("test") }
        #expect(error?.code == .badManifest)
        #expect(finder.all().count == 1)
    }

    @Test func listsWhatIsThereWithItsFaults() throws {
        let good = try TestPlugin("", name: "b-good")
        let bad = try TestPlugin("", name: "a-bad", manifest: "{}")
        let all = PluginFinder(places: [.folder(good.home), .folder(bad.home)]).all()
        #expect(all.count == 2)
        #expect(throws: PluginError.self) { _ = try all[0].get() }
        #expect(try all[1].get().manifest.name == "b-good")
    }

    @Test func anUnknownNameIsAnError() throws {
        let error = #expect(throws: PluginError.self) {
            _ = try PluginFinder(places: [.folder("/a"), .folder("/b")]).find("nothing")
        }
        #expect(error?.code == .notFound)
        #expect(error?.message == "there is no plugin \"nothing\" in /a, /b")
        #expect(error?.hint?.contains("CREDFERRY_PLUGIN_PATH") == true)
    }

    @Test(arguments: ["", ".", "..", "../test", "a/b", "-x"])
    func aNameIsNoPath(name: String) throws {
        let plugin = try TestPlugin("")
        let error = #expect(throws: PluginError.self) {
            _ = try PluginFinder(places: [.folder(plugin.home)]).find(name)
        }
        #expect(error?.code == .notFound)
    }

    @Test(arguments: [("", mode_t(0o775)), ("/run", 0o757), ("/run", 0o775), ("/plugin.json", 0o646)])
    func whatOthersCanWriteIsNotTrusted(file: String, mode: mode_t) throws {
        let plugin = try TestPlugin("")
        let path = plugin.folder + file
        chmod(path, mode)
        let error = #expect(throws: PluginError.self) {
            _ = try PluginFinder(places: [.folder(plugin.home)]).find("test")
        }
        #expect(error?.code == .untrusted)
        #expect(error?.message == "\(path) can be written by others than its owner")
        #expect(error?.hint == "chmod go-w \(path)")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func whatBelongsToSomebodyElseIsNotTrusted() throws {
        let plugin = try TestPlugin("")
        chown(plugin.folder + "/run", 12345, 12345)
        let error = #expect(throws: PluginError.self) {
            _ = try PluginFinder(places: [.folder(plugin.home)]).find("test")
        }
        #expect(error?.code == .untrusted)
        #expect(error?.message.contains("belongs to user 12345") == true)
    }

    @Test func aLinkIsNoExecutable() throws {
        let plugin = try TestPlugin("")
        unlink(plugin.folder + "/run")
        symlink("/bin/true", plugin.folder + "/run")
        let error = #expect(throws: PluginError.self) {
            _ = try PluginFinder(places: [.folder(plugin.home)]).find("test")
        }
        #expect(error?.code == .untrusted)
        #expect(error?.message == "\(plugin.folder)/run is not a plain file")
    }

    @Test func whatCannotBeRunIsSaid() throws {
        let plugin = try TestPlugin("")
        chmod(plugin.folder + "/run", 0o644)
        let error = #expect(throws: PluginError.self) {
            _ = try PluginFinder(places: [.folder(plugin.home)]).find("test")
        }
        #expect(error?.code == .cannotStart)
        #expect(error?.hint == "chmod +x \(plugin.folder)/run")
    }

    @Test func theFolderIsCalledAsThePlugin() throws {
        let plugin = try TestPlugin(
            "", name: "other",
            manifest: #"{"name": "test", "version": "1", "protocol": "credferry/1", "executable": "run"}"#)
        let error = #expect(throws: PluginError.self) {
            _ = try PluginFinder(places: [.folder(plugin.home)]).find("other")
        }
        #expect(error?.code == .badManifest)
    }
}
