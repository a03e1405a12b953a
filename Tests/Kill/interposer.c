/*
 * Stands between a program and the C library, and ends the program where a test wants it to.
 *
 * Loaded with LD_PRELOAD. It counts two kinds of steps by which a program makes something durable:
 *
 *   journal  a run of writes to the journal's files, up to the sync that makes it last
 *   sink     a sync or a rename in the folder of the file sinks
 *
 * and raises SIGKILL at one of a step's moments: `before` it, `after` it, or, of the journal, `torn`, when
 * the first of its writes is done and the others are not.
 *
 * Told by the environment:
 *   CUT_STEPS  a file that gets a line for each step: its kind and number
 *   CUT_AT     where to raise SIGKILL: KIND:NUMBER:MOMENT
 *   CUT_SINKS  the folder of the file sinks, without links in its path
 *   CUT_STATE  the folder of the journal, without links in its path
 *   CUT_DISK   a folder for what a power cut would leave: a file of the journal is copied into it when it is
 *              synced, and taken away when the folder is synced and it is gone; the files of the sinks are
 *              copied, or taken away, when their folder is synced
 *   CUT_CLOCK  seconds that the wall clock is ahead
 *   CUT_LOCKS  `free` where every lock of a file is had for the asking
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum kind { NONE, JOURNAL, SINK };
static const char *const names[] = {"", "journal", "sink"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counts[3];
/* Whether a run of writes to the journal has begun and is not synced yet. */
static bool is_writing;

#define REAL(function) __typeof__(&function) real = (__typeof__(&function))dlsym(RTLD_NEXT, #function)

static void die(const char *why, const char *what)
{
    dprintf(STDERR_FILENO, "interposer: %s %s: %m\n", why, what);
    _exit(125);
}

/* Where a descriptor points; empty where nobody knows. */
static void path_of(int descriptor, char path[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
}

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static enum kind kind_of(const char *path)
{
    const char *name = base(path), *sinks = getenv("CUT_SINKS");
    if (strcmp(name, "journal.head") == 0) return JOURNAL;
    /* The index in shared memory is no part of what lasts: SQLite makes it anew. */
    if (strncmp(name, "journal.sqlite", 14) == 0) return strcmp(name + 14, "-shm") ? JOURNAL : NONE;
    if (!sinks || strncmp(path, sinks, strlen(sinks)) != 0) return NONE;
    return path[strlen(sinks)] == 0 || path[strlen(sinks)] == '/' ? SINK : NONE;
}

/* Counts a step. */
static int begin(enum kind kind)
{
    const char *steps = getenv("CUT_STEPS");
    pthread_mutex_lock(&lock);
    int number = ++counts[kind];
    if (steps) {
        int file = open(steps, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (file < 0) die("cannot write", steps);
        dprintf(file, "%s %d\n", names[kind], number);
        close(file);
    }
    pthread_mutex_unlock(&lock);
    return number;
}

/* Ends the program, if this is where. */
static void reach(enum kind kind, int number, const char *moment)
{
    const char *at = getenv("CUT_AT");
    char here[64];
    snprintf(here, sizeof here, "%s:%d:%s", names[kind], number, moment);
    if (!at || strcmp(at, here) != 0) return;
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* MARK: What a power cut would leave */

/* Copies a file; the copy is there as a whole, whenever the program is killed. */
static void copy(const char *from, const char *folder)
{
    char part[PATH_MAX + 256], to[PATH_MAX + 256], bytes[1 << 16];
    snprintf(part, sizeof part, "%s/.part", folder);
    snprintf(to, sizeof to, "%s/%s", folder, base(from));
    int source = open(from, O_RDONLY | O_CLOEXEC);
    /* What was taken away a moment ago needs no copy. */
    if (source < 0) return;
    int target = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (target < 0) die("cannot write", part);
    ssize_t count;
    while ((count = read(source, bytes, sizeof bytes)) > 0)
        if (write(target, bytes, count) != count) die("cannot write", part);
    close(source);
    close(target);
    if (rename(part, to) != 0) die("cannot make", to);
}

/* Calls `body` for each file of `folder`, but for a copy that is being written. */
static void each(const char *folder, void (*body)(const char *, const char *), const char *argument)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        char file[PATH_MAX + 256];
        snprintf(file, sizeof file, "%s/%s", folder, entry->d_name);
        if (entry->d_type == DT_REG && strcmp(entry->d_name, ".part") != 0) body(file, argument);
    }
    if (directory) closedir(directory);
}

static void remove_if_gone(const char *file, const char *from)
{
    char original[PATH_MAX];
    snprintf(original, sizeof original, "%s/%s", from, base(file));
    if (access(original, F_OK) != 0) unlink(file);
}

/* Brings the copies up to date after `path` was synced. */
static void keep(const char *path)
{
    const char *disk = getenv("CUT_DISK"), *sinks = getenv("CUT_SINKS"), *state = getenv("CUT_STATE");
    char journals[PATH_MAX], secrets[PATH_MAX];
    if (!disk || !sinks || !state) return;
    snprintf(journals, sizeof journals, "%s/state", disk);
    snprintf(secrets, sizeof secrets, "%s/secrets", disk);
    pthread_mutex_lock(&lock);
    if (kind_of(path) == JOURNAL) copy(path, journals);
    if (strcmp(path, state) == 0) each(journals, remove_if_gone, state);
    if (strcmp(path, sinks) == 0) {
        each(sinks, copy, secrets);
        each(secrets, remove_if_gone, sinks);
    }
    pthread_mutex_unlock(&lock);
}

/* MARK: Writes and syncs */

static ssize_t write_at(int descriptor, const void *bytes, size_t count, off64_t offset,
                        ssize_t (*real)(int, const void *, size_t, off64_t))
{
    char path[PATH_MAX];
    path_of(descriptor, path);
    if (kind_of(path) != JOURNAL || is_writing) return real(descriptor, bytes, count, offset);
    int number = begin(JOURNAL);
    reach(JOURNAL, number, "before");
    is_writing = true;
    ssize_t done = real(descriptor, bytes, count, offset);
    reach(JOURNAL, number, "torn");
    return done;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset)
{
    REAL(pwrite);
    return write_at(descriptor, bytes, count, offset, real);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset)
{
    REAL(pwrite64);
    return write_at(descriptor, bytes, count, offset, real);
}

static int sync_with(int descriptor, int (*real)(int))
{
    char path[PATH_MAX];
    path_of(descriptor, path);
    enum kind kind = kind_of(path);
    bool is_step = kind == SINK || is_writing;
    int number = kind == SINK ? begin(SINK) : counts[JOURNAL];
    if (kind == SINK) reach(SINK, number, "before");
    int result = real(descriptor);
    if (result == 0) keep(path);
    if (kind == JOURNAL) is_writing = false;
    if (is_step) reach(kind, number, "after");
    return result;
}

int fsync(int descriptor)
{
    REAL(fsync);
    return sync_with(descriptor, real);
}

int fdatasync(int descriptor)
{
    REAL(fdatasync);
    return sync_with(descriptor, real);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    REAL(renameat);
    char path[PATH_MAX];
    path_of(to_folder, path);
    if (kind_of(path) != SINK) return real(from_folder, from, to_folder, to);
    int number = begin(SINK);
    reach(SINK, number, "before");
    int result = real(from_folder, from, to_folder, to);
    reach(SINK, number, "after");
    return result;
}

/* MARK: Locks and time */

int flock(int descriptor, int operation)
{
    REAL(flock);
    const char *locks = getenv("CUT_LOCKS");
    return locks && strcmp(locks, "free") == 0 ? 0 : real(descriptor, operation);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    REAL(clock_gettime);
    const char *ahead = getenv("CUT_CLOCK");
    int result = real(clock, time);
    if (result == 0 && clock == CLOCK_REALTIME && ahead) time->tv_sec += atol(ahead);
    return result;
}
