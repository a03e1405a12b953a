// What of Linux's own interface the Glibc module leaves out: variadic calls and headers that it lacks.
#ifndef CREDFERRY_CLINUX_SHIM_H
#define CREDFERRY_CLINUX_SHIM_H

#include <sys/prctl.h>

static inline int credferry_prctl_set_dumpable(int dumpable) {
    return prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
}

#endif
