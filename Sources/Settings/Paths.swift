internal import Glibc

/// Paths, as the configuration writes them.
enum Paths {
    /// `path` as an absolute one, seen from the current folder.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return tidy(path) }
        defer { free(current) }
        return join(String(cString: current), path)
    }

    /// `path` as seen from `folder`; an absolute one stays what it is.
    static func join(_ folder: String, _ path: String) -> String {
        tidy(path.hasPrefix("/") ? path : folder + "/" + path)
    }

    /// The folder that the file at the absolute `path` is in.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// Without `.` and doubled slashes.
    ///
    /// `..` stays: what it means depends on symbolic links.
    private static func tidy(_ path: String) -> String {
        let parts = path.split(separator: "/").filter { $0 != "." }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}
