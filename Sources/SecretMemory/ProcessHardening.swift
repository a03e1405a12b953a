internal import CLinux
internal import Glibc

/// What a process does to itself before it handles its first secret.
public enum ProcessHardening {
    /// Forbids core dumps and other processes of the same user to look into this one.
    ///
    /// `PR_SET_DUMPABLE 0` (prctl(2)) and `RLIMIT_CORE 0`. Child processes inherit the limit, not the flag.
    public static func apply() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        credferry_prctl_set_dumpable(0)
    }
}
