internal import COpenSSL
internal import Glibc
internal import Synchronization

/// The memory that secrets live in: OpenSSL's secure heap, one arena for the process.
///
/// The arena is locked into memory (never swapped), left out of core dumps, and has a guard page on both
/// sides; what is freed is zeroed. Its size is fixed when it is made, so an allocation that it cannot hold
/// gets pages of its own with the same properties.
public enum SecureHeap {
    /// How far the operating system went in keeping the arena out of swap space.
    public enum Protection: Sendable {
        /// The arena is locked into memory.
        case locked
        /// `RLIMIT_MEMLOCK` is too low for the arena: it may be swapped out, all else holds.
        case swappable
        /// There is no arena: every secret has pages of its own.
        case none
    }

    /// Large enough for the answers of a few hundred requests at once, and half of Debian's usual
    /// `RLIMIT_MEMLOCK` of 8 MiB.
    private static let arenaSize = 4 << 20
    private static let smallestBlock = 32

    /// What the arena is protected by.
    ///
    /// The first use of this property, or of any secret, makes the arena.
    public static let protection: Protection =
        switch CRYPTO_secure_malloc_init(arenaSize, smallestBlock) {
        case 1: .locked
        case 2: .swappable
        default: .none
        }

    /// Zeroed memory for `count` bytes, at least one.
    static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        let size = max(count, 1)
        if protection != .none, let block = credferry_secure_zalloc(size) {
            return block
        }
        return allocatePages(size)
    }

    /// Zeroes `count` bytes at `block` and gives them back.
    static func free(_ block: UnsafeMutableRawPointer, _ count: Int) {
        let size = max(count, 1)
        if CRYPTO_secure_allocated(block) == 1 {
            credferry_secure_clear_free(block, size)
        } else {
            OPENSSL_cleanse(block, size)
            munmap(block, size)
        }
    }

    /// How many bytes of the arena are in use.
    ///
    /// For tests: 0 when every secret has been destroyed.
    public static var bytesInUse: Int {
        protection == .none ? 0 : CRYPTO_secure_used()
    }

    private static func allocatePages(_ size: Int) -> UnsafeMutableRawPointer {
        let pages = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let pages, pages != MAP_FAILED else {
            fatalError("out of memory for a secret of \(size) bytes")
        }
        mlock(pages, size)
        madvise(pages, size, MADV_DONTDUMP)
        return pages
    }
}
