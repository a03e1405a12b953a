internal import Glibc
internal import SinkCore

/// A folder that is open, and that nobody but its owner and root can exchange files in.
struct OpenFolder: ~Copyable {
    let descriptor: CInt
    /// Who owns it.
    let owner: uid_t
    private let path: String

    /// Opens the folder at `path`.
    ///
    /// - Parameter making: whether missing folders are made, with mode 0700.
    /// - Throws: ``SinkError/Code/denied`` where others may put files in the place of ours.
    init(_ path: String, making: Bool) throws(SinkError) {
        if making { try Self.make(path) }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFault.error(path, errno) }
        do {
            owner = try Self.checkedOwner(of: descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.path = path
    }

    private static func checkedOwner(of descriptor: CInt, _ path: String) throws(SinkError) -> uid_t {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileFault.error(path, errno) }
        // With the sticky bit, as /tmp has it, only a file's owner can rename or remove it (inode(7)).
        let isSticky = status.st_mode & S_ISVTX != 0
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 || isSticky else {
            throw SinkError(
                .denied, "the folder \(path) can be written by others than its owner",
                hint: "chmod go-w \(path)")
        }
        return status.st_uid
    }

    deinit {
        close(descriptor)
    }

    /// Puts the folder's names on the disk.
    func sync() throws(SinkError) {
        guard fsync(descriptor) == 0 else { throw FileFault.error(path, errno) }
    }

    /// The names of the ordinary files in it.
    func fileNames() throws(SinkError) -> [String] {
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else {
            let fault = FileFault.error(path, errno)
            if copy >= 0 { close(copy) }
            throw fault
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            var status = stat()
            guard let name, fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
                status.st_mode & S_IFMT == S_IFREG
            else { continue }
            names.append(name)
        }
        return names
    }

    /// Makes the folder and those above it where they are missing, and puts each new name on the disk.
    private static func make(_ path: String) throws(SinkError) {
        var status = stat()
        if stat(path, &status) == 0 || path == "/" { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/") else { throw FileFault.error(path, errno) }
        let above = slash == path.startIndex ? "/" : String(path[..<slash])
        try make(above)
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileFault.error(path, errno) }
        let descriptor = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFault.error(above, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileFault.error(above, errno) }
    }
}

/// What a failed call of the system means.
enum FileFault {
    static func error(_ path: String, _ code: CInt) -> SinkError {
        let message = "\(path): \(String(cString: strerror(code)))"
        switch code {
        case ENOENT: return SinkError(.notFound, message)
        case EACCES, EPERM:
            return SinkError(.denied, message, hint: "check the owner and mode of the file and its folder")
        case EROFS: return SinkError(.denied, message, hint: "choose a path on another file system")
        case ENOSPC, EDQUOT: return SinkError(.unavailable, message, hint: "free some space")
        case ELOOP: return SinkError(.refused, "\(path) is a symbolic link", hint: "remove it")
        case ENOTDIR, EISDIR, ENAMETOOLONG, EINVAL: return SinkError(.refused, message)
        default: return SinkError(.unavailable, message)
        }
    }
}
