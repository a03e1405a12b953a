// Loaded before the C library: notes what is synced, and lets the syncs of one file fail with EIO.
//
// FAILING_DISK_LOG     a file that gets the path of every descriptor that is synced, a line each
// FAILING_DISK_FILE    the end of the path whose syncs fail
// FAILING_DISK_AFTER   how many of them succeed first
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int synced;

static int fails(int descriptor) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 2);
    if (length < 0) return 0;
    const char *log = getenv("FAILING_DISK_LOG"), *file = getenv("FAILING_DISK_FILE");
    path[length] = 0;
    if (log) {
        int out = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (out >= 0) {
            dprintf(out, "%s\n", path);
            close(out);
        }
    }
    size_t end = file ? strlen(file) : 0;
    if (!end || (size_t)length < end || strcmp(path + length - end, file)) return 0;
    const char *after = getenv("FAILING_DISK_AFTER");
    return atomic_fetch_add(&synced, 1) >= (after ? atoi(after) : 0);
}

int fsync(int descriptor) {
    if (fails(descriptor)) return errno = EIO, -1;
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(descriptor);
}

int fdatasync(int descriptor) {
    if (fails(descriptor)) return errno = EIO, -1;
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(descriptor);
}
