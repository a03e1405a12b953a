// What of Linux's own interface the Glibc module leaves out: variadic calls and headers that it lacks.
#ifndef CREDFERRY_CLINUX_SHIM_H
#define CREDFERRY_CLINUX_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static inline int credferry_prctl_set_dumpable(int dumpable) {
    return prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
}

// A pipe whose ends are closed on exec, without the moment in between in which another thread may fork.
static inline int credferry_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC);
}

// A descriptor that becomes readable when the process ends: pidfd_open(2).
static inline int credferry_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

// glibc's own additions to posix_spawn(3), string.h and unistd.h; its headers hide them from Swift's import.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *__restrict actions, const char *__restrict path);
const char *sigabbrev_np(int signal);
pid_t _Fork(void);
int execvpe(const char *file, char *const arguments[], char *const environment[]);

// A child with three descriptors for its standard ones and no other, `/` as its folder, a session of its own,
// no signal blocked or ignored. Returns 0 or an error number.
static inline int credferry_spawn(
    pid_t *pid, const char *path, const int standard[3], char *const arguments[], char *const environment[]) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    sigemptyset(&none);
    sigfillset(&all);
    const short setsid = 0x80; // POSIX_SPAWN_SETSID
    for (int i = 0; i < 3 && !error; i++) error = posix_spawn_file_actions_adddup2(&actions, standard[i], i);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (!error) error = posix_spawn_file_actions_addchdir_np(&actions, "/");
    if (!error) error = posix_spawnattr_setsigmask(&attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(&attributes, &all);
    if (!error) error = posix_spawnattr_setflags(&attributes, setsid | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (!error) error = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

// What a child of credferry_start_opened does before it becomes the plugin: nothing but system calls, since the
// other threads of the parent, and the locks that they held, are not in it. Returns only where it fails, with errno.
static inline void credferry_become(
    int executable, int keeps_itself, unsigned long memory_bytes, const int standard[3], char *const arguments[],
    char *const environment[]) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;
    if (setsid() < 0) return;
    for (int i = 0; i < 3; i++)
        if (dup2(standard[i], i) < 0) return;
    // A script's interpreter opens the script once more, by this descriptor's name (execveat(2)).
    if (keeps_itself && dup2(executable, 3) < 0) return;
    const unsigned int close_on_exec = 1U << 2; // CLOSE_RANGE_CLOEXEC
    if (syscall(SYS_close_range, keeps_itself ? 4U : 3U, ~0U, close_on_exec) < 0) return;
    if (chdir("/") < 0) return;
    // A core dump would hold secrets. Memory is bounded for each process, and not as address space, of which some
    // runtimes reserve a lot that they never touch.
    const struct rlimit none_at_all = {0, 0}, memory = {memory_bytes, memory_bytes};
    if (setrlimit(RLIMIT_CORE, &none_at_all) < 0 || setrlimit(RLIMIT_DATA, &memory) < 0) return;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return;
    // SIGKILL, SIGSTOP and glibc's own two refuse, and need it not.
    for (int signal = 1; signal <= 64; signal++) sigaction(signal, &action, NULL);
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0) return;
    syscall(SYS_execveat, keeps_itself ? 3 : executable, "", arguments, environment, 0x1000); // AT_EMPTY_PATH
}

// A child that runs the opened file `executable`, not whatever has its path by now: with three descriptors for its
// standard ones and no other (but, where `keeps_itself`, 3 for the file itself), `/` as its folder, a session of its
// own, no signal blocked or ignored, no core dumps, no new privileges by what it runs, and `memory_bytes` of data at
// most. Returns 0 or an error number. Every descriptor must be above 3.
static inline int credferry_start_opened(
    pid_t *pid, int executable, int keeps_itself, unsigned long memory_bytes, const int standard[3],
    char *const arguments[], char *const environment[]) {
    int report[2], error = 0;
    sigset_t all, before;
    if (pipe2(report, O_CLOEXEC) != 0) return errno;
    const int teller = fcntl(report[1], F_DUPFD_CLOEXEC, 4);
    close(report[1]);
    if (teller < 0) {
        error = errno;
        close(report[0]);
        return error;
    }
    // No handler of the parent's runs in the child.
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t child = _Fork();
    if (child == 0) {
        credferry_become(executable, keeps_itself, memory_bytes, standard, arguments, environment);
        error = errno;
        while (write(teller, &error, sizeof error) < 0 && errno == EINTR) {}
        _exit(127);
    }
    if (child < 0) error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(teller);
    if (child > 0) {
        ssize_t got;
        do got = read(report[0], &error, sizeof error);
        while (got < 0 && errno == EINTR);
        if (got == 0) {
            *pid = child;
        } else {
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
        }
    }
    close(report[0]);
    return error;
}

// `KILL` for SIGKILL; NULL for none.
static inline const char *credferry_signal_name(int signal) {
    return sigabbrev_np(signal);
}

// How a child ended, without reaping it: 0 and its status; 1 and the signal that killed it; -1 while it runs.
static inline int credferry_peek_exit(pid_t pid, int *value) {
    siginfo_t info;
    info.si_pid = 0;
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return -1;
    *value = info.si_status;
    return info.si_code == CLD_EXITED ? 0 : 1;
}

#endif
