internal import Glibc

/// Where plugins are looked for, and in which order.
///
///     $CREDFERRY_PLUGIN_PATH/pass/plugin.json                     (several folders, with colons between)
///     $XDG_DATA_HOME/credferry/plugins/pass/plugin.json           (default ~/.local/share)
///     PREFIX/libexec/credferry/plugins/pass/plugin.json           (where PREFIX/bin/credferry is what runs)
///     ROOT/plugins/pass/plugin.json                               (where ROOT/.build/…/credferry is what runs)
///
/// The first place that holds a plugin of the name decides: one that is wrong there is an error and not a
/// reason to take the next.
public struct PluginFinder: Sendable {
    /// A place to look in.
    public enum Place: Sendable, Equatable {
        /// A folder of plugins' folders.
        case folder(String)
        /// The folder of plugins' folders that was installed with the program.
        case installation(String)
        /// A source folder of plugins' folders, and where the build has put what it made of them.
        case build(sources: String, products: String)

        fileprivate var path: String {
            switch self {
            case .folder(let path), .installation(let path), .build(let path, _): path
            }
        }
    }

    /// The places, the first to be asked first.
    public let places: [Place]

    /// Who owns the program: the plugins that it ships with must be his, or root's.
    private let programOwner: uid_t

    /// Looks in `places`; the program is that of `programOwner`.
    public init(places: [Place], programOwner: UInt32 = 0) {
        self.places = places
        self.programOwner = programOwner
    }

    /// The places of a credferry that runs with `environment`.
    public static func standard(environment: [String: String]) -> PluginFinder {
        var status = stat()
        // Without /proc it is nobody's: then nothing is trusted for its place.
        let isKnown = stat("/proc/self/exe", &status) == 0
        return standard(
            environment: environment, program: isKnown ? FilePath.real("/proc/self/exe") : nil,
            owner: status.st_uid)
    }

    /// The places for the program at the path `program`.
    static func standard(environment: [String: String], program: String?, owner: uid_t = 0) -> PluginFinder {
        var places: [Place] = (environment["CREDFERRY_PLUGIN_PATH"] ?? "").split(separator: ":").map {
            .folder(String($0))
        }
        // The XDG Base Directory Specification: relative paths in it are to be passed over.
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") {
            places.append(.folder(data + "/credferry/plugins"))
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            places.append(.folder(home + "/.local/share/credferry/plugins"))
        }
        if let program {
            places += installation(of: program)
        }
        return PluginFinder(places: places, programOwner: owner)
    }

    private static func installation(of program: String) -> [Place] {
        let parts = program.split(separator: "/").map(String.init)
        func path(dropping count: Int) -> String { "/" + parts.dropLast(count).joined(separator: "/") }
        // ROOT/.build/TRIPLE/debug/credferry, or the like with another --scratch-path beginning so.
        if parts.count > 4, parts[parts.count - 4].hasPrefix(".build") {
            return [.build(sources: path(dropping: 4) + "/plugins", products: path(dropping: 1))]
        }
        return parts.count < 2 ? [] : [.installation(path(dropping: 2) + "/libexec/credferry/plugins")]
    }

    /// The plugin `name`.
    ///
    /// - Throws: ``PluginError/Code/notFound`` where no place has it, or what is wrong with it.
    public func find(_ name: String) throws(PluginError) -> Plugin {
        guard PluginManifest.isName(name) else {
            throw PluginError(
                .notFound,
                "there can be no plugin of this name: letters, digits, `-`, `_` and `.` make a name")
        }
        for place in places where FilePath.exists("\(place.path)/\(name)/plugin.json") {
            return try plugin(name, in: place)
        }
        throw PluginError(
            .notFound, "there is no plugin \"\(name)\" in \(places.map(\.path).joined(separator: ", "))",
            hint: "install it into one of these folders, or name its parent folder in CREDFERRY_PLUGIN_PATH")
    }

    /// Every plugin that ``find(_:)`` would give, by name, and what is wrong with those that cannot be used.
    public func all() -> [Result<Plugin, PluginError>] {
        var seen: Set<String> = []
        var found: [(name: String, result: Result<Plugin, PluginError>)] = []
        for place in places {
            for name in FilePath.names(in: place.path) where PluginManifest.isName(name) {
                guard FilePath.exists("\(place.path)/\(name)/plugin.json"), seen.insert(name).inserted
                else { continue }
                do throws(PluginError) {
                    found.append((name, .success(try plugin(name, in: place))))
                } catch {
                    found.append((name, .failure(error)))
                }
            }
        }
        return found.sorted { $0.name < $1.name }.map(\.result)
    }

    private func plugin(_ name: String, in place: Place) throws(PluginError) -> Plugin {
        switch place {
        case .folder(let path): try Plugin(folder: "\(path)/\(name)")
        case .installation(let path): try Plugin(folder: "\(path)/\(name)", shippedBy: programOwner)
        case .build(let sources, let products):
            try Plugin(folder: "\(sources)/\(name)", products: products, shippedBy: programOwner)
        }
    }
}
