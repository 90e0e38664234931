// Calls about a descriptor, and `open`, which makes one. What was written and not yet synced is lost when the sync or
// the close fails, as on network filesystems and on disks that are full: that is what those errors mean.

#include "shim.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST 4096
/** Whether something was written to the descriptor that was not synced since. */
static _Atomic char unsynced[MOST];

static void set_unsynced(int fd, int value) {
  if (fd >= 0 && fd < MOST) atomic_store(&unsynced[fd], value);
}

static void lose(int fd) {
  struct stat there;
  if (fd < 0 || fd >= MOST || !atomic_load(&unsynced[fd]) || bare(SYS_fstat, fd, &there)) return;
  bare(SYS_ftruncate, fd, there.st_size / 2);
}

static int finish_open(int fd, enum action action) {
  set_unsynced(fd, 0);
  if (!spoiled(action)) return fd;
  int kept = errno;
  if (fd >= 0) bare(SYS_close, fd);
  errno = kept;
  return -1;
}

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    char where[WHERE_SIZE] = ""; \
    if (!armed() || !about(path, where)) return real(path, flags, mode); \
    enum action action = decide(OP_open, where); \
    if (action == FAIL) return errno = error(), -1; \
    return finish_open(real(path, flags, mode), action); \
  }
OPEN(open)
OPEN(open64)

static int close_as(int fd, enum action action) {
  // A close that fails gives the descriptor back all the same.
  if (action == FAIL || action == FAIL_AFTER) {
    lose(fd);
    action = FAIL_AFTER;
  }
  int result = bare(SYS_close, fd);
  return spoiled(action) ? -1 : result;
}

int close(int fd) {
  char where[WHERE_SIZE] = "";
  int meant = armed() && about_fd(fd, where);
  return close_as(fd, meant ? decide(OP_close, where) : NONE);
}

#define SYNC(name) \
  int name(int fd) { \
    REAL(name); \
    char where[WHERE_SIZE] = ""; \
    if (!armed() || !about_fd(fd, where)) return real(fd); \
    enum action action = decide(OP_fsync, where); \
    if (action == LIE) return 0; \
    if (action == FAIL) return lose(fd), errno = error(), -1; \
    int result = real(fd); \
    set_unsynced(fd, 0); \
    return spoiled(action) ? -1 : result; \
  }
SYNC(fsync)
SYNC(fdatasync)

/** `less` are the arguments of a call that moves about half of the bytes. */
#define MOVE(op, name, parameters, arguments, less, size, writes) \
  ssize_t name parameters; \
  ssize_t name parameters { \
    REAL(name); \
    char where[WHERE_SIZE] = ""; \
    if (!armed() || !about_fd(fd, where)) return real arguments; \
    enum action action = decide(OP_##op, where); \
    if (action == FAIL) return errno = error(), -1; \
    if (action == LIE) return size; \
    if (writes) set_unsynced(fd, 1); \
    ssize_t result = action == SHORT ? real less : real arguments; \
    return spoiled(action) ? -1 : result; \
  }
#define HALF(size) ((size) / 2 + (size) % 2)
MOVE(read, read, (int fd, void *to, size_t size), (fd, to, size), (fd, to, HALF(size)), size, 0)
MOVE(read, pread64, (int fd, void *to, size_t size, off64_t at), (fd, to, size, at), (fd, to, HALF(size), at), size, 0)
MOVE(write, write, (int fd, const void *from, size_t size), (fd, from, size), (fd, from, HALF(size)), size, 1)
MOVE(write, pwrite64, (int fd, const void *from, size_t size, off64_t at), (fd, from, size, at),
     (fd, from, HALF(size), at), size, 1)

static ssize_t sum(const struct iovec *pieces, int count) {
  ssize_t bytes = 0;
  for (int at = 0; at < count; at++) bytes += pieces[at].iov_len;
  return bytes;
}
MOVE(read, readv, (int fd, const struct iovec *to, int count),
     (fd, to, count), (fd, to, HALF(count)), sum(to, count), 0)
MOVE(read, preadv64, (int fd, const struct iovec *to, int count, off64_t at), (fd, to, count, at),
     (fd, to, HALF(count), at), sum(to, count), 0)
MOVE(write, writev, (int fd, const struct iovec *from, int count), (fd, from, count), (fd, from, HALF(count)),
     sum(from, count), 1)
MOVE(write, pwritev64, (int fd, const struct iovec *from, int count, off64_t at), (fd, from, count, at),
     (fd, from, HALF(count), at), sum(from, count), 1)
MOVE(copy, sendfile64, (int fd, int from, off64_t *at, size_t size), (fd, from, at, size), (fd, from, at, HALF(size)),
     size, 1)

REPLACE(ftruncate, int, -1, ftruncate64, (int fd, off64_t size), (fd, size), about_fd(fd, where))
REPLACE(chmod, int, -1, fchmod, (int fd, mode_t mode), (fd, mode), about_fd(fd, where))
REPLACE(chown, int, -1, fchown, (int fd, uid_t user, gid_t group), (fd, user, group), about_fd(fd, where))
REPLACE(utimes, int, -1, futimens, (int fd, const struct timespec times[2]), (fd, times), about_fd(fd, where))
REPLACE(fstat, int, -1, __fxstat64, (int version, int fd, struct stat64 *found),
        (version, fd, found), about_fd(fd, where))
REPLACE(fstat, int, -1, fstat64, (int fd, struct stat64 *found), (fd, found), about_fd(fd, where))

int ioctl(int fd, unsigned long request, ...) {
  REAL(ioctl);
  va_list rest;
  va_start(rest, request);
  long argument = va_arg(rest, long);
  va_end(rest);
  char where[WHERE_SIZE] = "";
  if (request != FICLONE || !armed() || !about_fd(fd, where)) return real(fd, request, argument);
  enum action action = decide(OP_clone, where);
  if (action == FAIL) return errno = error(), -1;
  if (action == LIE) return 0;
  int result = real(fd, request, argument);
  return spoiled(action) ? -1 : result;
}

/** Which kind of call a bare system call is; -1 if it is none that is meant. */
static int op_of(long number, long first, long second, char *where) {
  if (number == SYS_statx) {
    const char *path = (const char *)second;
    if (path && *path) return about(path, where) ? OP_stat : -1;
    return about_fd(first, where) ? OP_fstat : -1;
  }
  if (number == SYS_close) return about_fd(first, where) ? OP_close : -1;
  if (number == SYS_copy_file_range) return about_fd(first, where) ? OP_copy : -1;
  return -1;
}

// libuv calls some functions by their numbers: those that older libraries lack, and `close`.
long syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long);
  long d = va_arg(rest, long), e = va_arg(rest, long), f = va_arg(rest, long);
  va_end(rest);
  char where[WHERE_SIZE] = "";
  int op = armed() ? op_of(number, a, b, where) : -1;
  if (op < 0) return bare(number, a, b, c, d, e, f);
  enum action action = decide(op, where);
  if (op == OP_close) return close_as(a, action);
  if (action == FAIL) return errno = error(), -1;
  if (action == LIE) return op == OP_copy ? e : 0;
  long result = bare(number, a, b, c, d, e, f);
  return spoiled(action) ? -1 : result;
}
