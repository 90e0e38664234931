// Preloaded into a process, the shim counts the calls that the process makes about one directory, and lets one of them
// go wrong. Which one, and how, is said in a file that this process and ./shim.ts both see: the control block.

#include "shim.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/** This call only; this and all later ones of its kind; this and all later ones. The order is that of ./shim.ts. */
enum scope { ONCE, KIND, EVERYTHING };

/** Its layout is that of ./shim.ts. */
static struct control {
  _Atomic int armed;
  int op, nth, action, error, scope;
  _Atomic int fired, stopped, logged;
  char names[476];
  /** A line for each call: its kind, and what it is about. */
  char log[64 * 1024 - 512];
} *control;

#define AS_NAME(op) #op,
static const char *const names[] = {OPS(AS_NAME)};
static _Atomic int counts[OP_COUNT];
static const char *root;
static size_t root_length;
long (*bare)(long, ...);

__attribute__((constructor)) static void begin(void) {
  bare = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  const char *path = getenv("HOLDFAST_CALLS");
  root = getenv("HOLDFAST_CALLS_ROOT");
  if (!path || !root) return;
  root_length = strlen(root);
  int fd = bare(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  struct control *block = mmap(0, sizeof *block, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  bare(SYS_close, fd);
  if (block == MAP_FAILED) return;
  // Also when it stands still, no victim outlives its judge.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  *block->names = 0;
  for (int op = 0; op < OP_COUNT; op++) strcat(strcat(block->names, names[op]), " ");
  control = block;
}

/** A control block that was armed anew begins to count anew. */
int armed(void) {
  if (!control) return 0;
  int state = atomic_load(&control->armed);
  if (state == 1 && atomic_compare_exchange_strong(&control->armed, &state, 2))
    for (int op = 0; op < OP_COUNT; op++) atomic_store(&counts[op], 0);
  return state != 0;
}

int error(void) { return control->error; }

// ---- Which calls are meant ----

int about_fd(int fd, char *where) {
  char link[40], path[4096];
  int kept = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  long length = fd < 0 ? -1 : bare(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  errno = kept;
  if (length < (long)root_length || strncmp(path, root, root_length)) return 0;
  path[length] = 0;
  snprintf(where, WHERE_SIZE, "%.200s", path + root_length);
  return 1;
}

int about(const char *path, char *where) {
  if (!path) return 0;
  if (!strncmp(path, root, root_length)) {
    snprintf(where, WHERE_SIZE, "%.300s", path + root_length);
    return 1;
  }
  // A name in a directory that is open.
  if (strncmp(path, "/proc/self/fd/", 14)) return 0;
  char *rest;
  if (!about_fd(strtol(path + 14, &rest, 10), where)) return 0;
  size_t length = strlen(where);
  snprintf(where + length, WHERE_SIZE - length, "%.150s", rest);
  return 1;
}

// ---- What becomes of them ----

static void note(enum op op, const char *where) {
  char line[WHERE_SIZE + 20];
  int length = snprintf(line, sizeof line, "%s %s\n", names[op], where);
  int at = atomic_fetch_add(&control->logged, length);
  if (at + length <= (int)sizeof control->log) memcpy(control->log + at, line, length);
}

static void die(void) {
  for (;;) bare(SYS_kill, bare(SYS_getpid), SIGKILL);
}

static void stop(void) {
  atomic_store(&control->stopped, 1);
  bare(SYS_kill, bare(SYS_getpid), SIGSTOP);
  // Another thread may get the signal, and this one would go on for a moment.
  while (atomic_load(&control->stopped)) bare(SYS_sched_yield);
}

enum action decide(enum op op, const char *where) {
  int nth = atomic_fetch_add(&counts[op], 1) + 1;
  note(op, where);
  int lasting = control->scope == EVERYTHING || (control->scope == KIND && (int)op == control->op);
  int hit = (int)op == control->op && nth == control->nth;
  if (!hit && !(lasting && atomic_load(&control->fired))) return NONE;
  atomic_store(&control->fired, 1);
  if (control->action == KILL) die();
  if (control->action == STOP) stop();
  return control->action;
}

int spoiled(enum action action) {
  if (action == KILL_AFTER) die();
  if (action != FAIL_AFTER) return 0;
  errno = error();
  return 1;
}
