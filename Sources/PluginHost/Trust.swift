internal import Glibc

/// Who could have written a file.
///
/// A plugin is handed secrets, so it may come only from root or from the user that runs credferry, and nobody
/// else may be able to put another file into its place: not in its folder, nor in any folder above.
struct Trust: Sendable, Equatable {
    /// The users whose files are trusted.
    private let owners: Set<uid_t>

    /// Trusts root and the user that runs credferry; where `owner` is given, of these two only root and `owner`.
    init(owner: uid_t? = nil) {
        let here: Set<uid_t> = [0, geteuid()]
        owners = owner.map { here.intersection([0, $0]) } ?? here
    }

    /// Checks that `path`, absolute and without links, is a folder that nobody else can write or replace.
    func check(folder path: String) throws(PluginError) {
        try check(path, Self.status(path), kind: S_IFDIR, "a folder")
        try checkAbove(path)
    }

    /// Checks that `path`, absolute, is a plain file, no link, that nobody else can write or replace.
    func check(file path: String) throws(PluginError) {
        try check(file: path, Self.status(path))
        try checkAbove(path)
    }

    /// Checks an opened file of which `status` is known.
    func check(file path: String, _ status: stat) throws(PluginError) {
        try check(path, status, kind: S_IFREG, "a plain file")
    }

    private func checkAbove(_ path: String) throws(PluginError) {
        var path = path
        while let parent = FilePath.parent(of: path) {
            let status = try Self.status(parent)
            // In a sticky folder (/tmp) everyone can add files, and only its owner move one.
            if status.st_mode & S_ISVTX == 0 || status.st_mode & S_IFMT != S_IFDIR {
                try check(parent, status, kind: S_IFDIR, "a folder")
            } else {
                try check(owner: parent, status)
            }
            path = parent
        }
    }

    private func check(
        _ path: String, _ status: stat, kind: mode_t, _ what: String
    ) throws(PluginError) {
        guard status.st_mode & S_IFMT == kind else {
            throw PluginError(.untrusted, "\(path) is not \(what)")
        }
        try check(owner: path, status)
        guard status.st_mode & 0o022 == 0 else {
            throw PluginError(
                .untrusted, "\(path) can be written by others than its owner", hint: "chmod go-w \(path)")
        }
    }

    private func check(owner path: String, _ status: stat) throws(PluginError) {
        guard owners.contains(status.st_uid) else {
            throw PluginError(
                .untrusted, "\(path) belongs to user \(status.st_uid), who could change it at any time",
                hint: "install the plugin as root or as the user that runs credferry")
        }
    }

    private static func status(_ path: String) throws(PluginError) -> stat {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            throw PluginError(.notFound, "\(path): \(FilePath.lastError)")
        }
        return status
    }
}
