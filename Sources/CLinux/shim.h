// What of Linux's own interface the Glibc module leaves out: variadic calls and headers that it lacks.
#ifndef CREDFERRY_CLINUX_SHIM_H
#define CREDFERRY_CLINUX_SHIM_H

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
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

// glibc's own additions to posix_spawn(3) and string.h; its headers hide them from Swift's import.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *__restrict actions, const char *__restrict path);
const char *sigabbrev_np(int signal);
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
