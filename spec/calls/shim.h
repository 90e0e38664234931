// What the parts of the shim share; what it does is said in shim.c.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/types.h>

// The kinds of calls, as ./shim.ts reads them from the control block.
#define OPS(each) \
  each(open) each(read) each(write) each(ftruncate) each(fsync) each(close) each(fstat) each(stat) each(access) \
  each(readdir) each(readlink) each(realpath) each(mkdir) each(mkdtemp) each(rmdir) each(unlink) each(rename) \
  each(link) each(symlink) each(chmod) each(chown) each(utimes) each(copy) each(clone) each(statfs) each(watch)
#define AS_ENUM(op) OP_##op,
enum op { OPS(AS_ENUM) OP_COUNT };

// What becomes of a call. The order is that of ./shim.ts.
enum action { NONE, FAIL, FAIL_AFTER, LIE, SHORT, KILL, KILL_AFTER, STOP };

/** The directory that the calls must be about, and what their paths are without it. */
#define WHERE_SIZE 400

/** Is this process to be interfered with at this moment? */
int armed(void);
/** Is the path inside the directory? Fills in `where`. */
int about(const char *path, char *where);
int about_fd(int fd, char *where);
/** Counts a call, and decides what becomes of it. */
enum action decide(enum op op, const char *where);
/** After a call was made: whether it is to be said to have failed. Does not return if the process is to be killed. */
int spoiled(enum action action);
/** The error that was asked for. */
int error(void);

/** The system call itself: `syscall` is one of the functions that are replaced. */
extern long (*bare)(long, ...);

/** The function that is replaced. */
#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/** Replaces a function: `inside` says whether a call is meant; `failed` is what it returns with an error. */
#define REPLACE(op, type, failed, name, parameters, arguments, inside) \
  type name parameters; \
  type name parameters { \
    REAL(name); \
    char where[WHERE_SIZE] = ""; \
    if (!armed() || !(inside)) return real arguments; \
    enum action action = decide(OP_##op, where); \
    if (action == FAIL) { \
      errno = error(); \
      return failed; \
    } \
    if (action == LIE) return 0; \
    type result = real arguments; \
    return spoiled(action) ? failed : result; \
  }
