/* Put before libc (LD_PRELOAD): counts what is done to files under one folder, and lets one such event fail or kill.

   An event is a file that is made, written, synced, cut, renamed or removed. Whoever is killed while writing has written
   half of it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PASS, FAIL };
#define KILL (-1)

static char folder[4096];
static long at = 0, times = 0, counted = 0;
static int error_wanted = 0;

/* Let the events number `from` to `from + count - 1` under a folder fail with an error, or kill this process; 0 for no event
   only counts. */
void fault_at(const char *path, long from, long count, int error) {
    snprintf(folder, sizeof folder, "%s", path);
    counted = 0;
    at = from;
    times = count;
    error_wanted = error;
}

long fault_count(void) { return counted; }

static int is_ours(const char *path) { return folder[0] && path && strncmp(path, folder, strlen(folder)) == 0; }

static int is_ours_fd(int fd) {
    char link[64], path[4096];
    struct stat status;
    if (!folder[0] || fstat(fd, &status) || !S_ISREG(status.st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_ours(path);
}

static int strikes(void) {
    long now = __atomic_add_fetch(&counted, 1, __ATOMIC_RELAXED);
    return at > 0 && now >= at && now < at + times;
}

static int fate(void) {
    if (!strikes()) return PASS;
    if (error_wanted == KILL) kill(getpid(), SIGKILL);
    errno = error_wanted;
    return FAIL;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRITER(name, parameters, half, arguments)                                                                      \
    ssize_t name parameters {                                                                                          \
        if (is_ours_fd(fd) && strikes()) {                                                                             \
            if (error_wanted == KILL) {                                                                                \
                half;                                                                                                  \
                kill(getpid(), SIGKILL);                                                                               \
            }                                                                                                          \
            errno = error_wanted;                                                                                      \
            return -1;                                                                                                 \
        }                                                                                                              \
        return REAL(name) arguments;                                                                                   \
    }

WRITER(write, (int fd, const void *from, size_t size), if (REAL(write)(fd, from, size / 2) < 0) return -1, (fd, from, size))
WRITER(pwrite, (int fd, const void *from, size_t size, off_t place),
       if (REAL(pwrite)(fd, from, size / 2, place) < 0) return -1, (fd, from, size, place))
WRITER(pwrite64, (int fd, const void *from, size_t size, off64_t place),
       if (REAL(pwrite64)(fd, from, size / 2, place) < 0) return -1, (fd, from, size, place))
WRITER(writev, (int fd, const struct iovec *parts, int count), , (fd, parts, count))
WRITER(sendfile, (int fd, int source, off_t *place, size_t size), , (fd, source, place, size))
WRITER(sendfile64, (int fd, int source, off64_t *place, size_t size), , (fd, source, place, size))

int fsync(int fd) { return is_ours_fd(fd) && fate() ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return is_ours_fd(fd) && fate() ? -1 : REAL(fdatasync)(fd); }
int ftruncate(int fd, off_t size) { return is_ours_fd(fd) && fate() ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return is_ours_fd(fd) && fate() ? -1 : REAL(ftruncate64)(fd, size); }
int rename(const char *from, const char *to) { return is_ours(to) && fate() ? -1 : REAL(rename)(from, to); }
int renameat(int a, const char *from, int b, const char *to) {
    return is_ours(to) && fate() ? -1 : REAL(renameat)(a, from, b, to);
}
int mkdir(const char *path, mode_t mode) { return is_ours(path) && fate() ? -1 : REAL(mkdir)(path, mode); }

/* Nobody can be blamed for files that cannot be removed: they only kill. */
int unlink(const char *path) { return is_ours(path) && error_wanted == KILL && fate() ? -1 : REAL(unlink)(path); }

#define OPENER(name)                                                                                                   \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                                        \
        va_end(rest);                                                                                                  \
        if (flags & O_CREAT && is_ours(path) && fate()) return -1;                                                     \
        return REAL(name)(path, flags, mode);                                                                          \
    }

OPENER(open)
OPENER(open64)

int openat(int where, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (flags & O_CREAT && is_ours(path) && fate()) return -1;
    return REAL(openat)(where, path, flags, mode);
}
