// The floor: the system calls of each work with nothing around them, for the case in which nothing goes wrong.
//
//   floor                        lists the works
//   floor <work> <room> <calls>  does a work that many times in an empty directory, and prints the nanoseconds of each
//
// What a call finds there, and the names it uses, are made before its clock starts. Any failure ends the program.

#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { KIB = 1024, MIB = 1024 * 1024, LEVELS = 8 };

/** What is synced: nothing, the file, or the file and its directory. */
enum durability { NONE, DATA, FULL };

struct work {
  const char *name;
  void (*call)(void);
  /** Run before all calls, and before each; null if nothing is needed. */
  void (*once)(void), (*before)(void);
  size_t size;
  enum durability durability;
};

/** The work under way. */
static struct work work;
static struct stat status;
static char bytes[MIB];

void die(const char *what) {
  perror(what);
  exit(1);
}

int did(int result, const char *what) {
  if (result < 0) die(what);
  return result;
}

/** Each call names what it makes by its own number. */
static char fresh[16], stage[16], levels[LEVELS][64];
/** The states of the one lock, each used once; and a lock that is created with its holder in it. */
static char before[32], held[32], after[32], born[32], born_held[32], own[32], own_held[32], own_after[32];

static void name_all(int number) {
  char deepest[64];
  snprintf(deepest, sizeof deepest, "%d/1/2/3/4/5/6/7", number);
  snprintf(fresh, sizeof fresh, "%d", number);
  snprintf(stage, sizeof stage, "%d.new", number);
  // The path of each level is the beginning of the deepest path.
  for (int depth = 0; depth < LEVELS; depth++)
    snprintf(levels[depth], sizeof levels[depth], "%.*s", (int)strlen(fresh) + 2 * depth, deepest);
  snprintf(before, sizeof before, "lock/%d", number);
  snprintf(held, sizeof held, "lock/%d.held", number);
  snprintf(after, sizeof after, "lock/%d", number + 1);
  snprintf(born, sizeof born, "%d.lock.new", number);
  snprintf(born_held, sizeof born_held, "%d.lock.new/held", number);
  snprintf(own, sizeof own, "%d.lock", number);
  snprintf(own_held, sizeof own_held, "%d.lock/held", number);
  snprintf(own_after, sizeof own_after, "%d.lock/free", number);
}

static int make(const char *name) { return did(open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), name); }

static int make_filled(const char *name) {
  int fd = make(name);
  if (write(fd, bytes, work.size) != (ssize_t)work.size) die("write");
  return fd;
}

static int make_stage(void) {
  int fd = make_filled(stage);
  if (work.durability != NONE) did(fsync(fd), "fsync");
  return fd;
}

static void sync_names(void) {
  if (work.durability != FULL) return;
  int fd = did(open(".", O_RDONLY | O_CLOEXEC), "open");
  did(fsync(fd), "fsync");
  did(close(fd), "close");
}

/** Nothing that is laid out is synced: a sync here would take over part of the wait that is to be measured. */
static void lay(const char *name) { did(close(make_filled(name)), "close"); }
static void lay_file(void) { lay("file"); }
static void lay_stage(void) { lay(stage); }
static void lay_directory(void) { did(mkdir("there", 0777), "mkdir"); }
static void lay_lock(void) { did(mkdir("lock", 0777), "mkdir"), did(close(make("lock/0")), "close"); }
static void lay_locked_file(void) { lay_file(), lay_lock(); }
static void lay_tree(void) { plant("tree", lay); }
static void lay_fresh_tree(void) { plant(fresh, lay); }

static void mkdirp_existing(void) { did(stat("there", &status), "stat"); }

static void mkdirp_leaf(void) { did(mkdir(fresh, 0777), "mkdir"); }

static void mkdirp_levels(void) {
  for (int depth = 0; depth < LEVELS; depth++) did(mkdir(levels[depth], 0777), "mkdir");
}

static void create_exclusive(void) {
  int fd = make_stage();
  did(link(stage, fresh), "link");
  did(close(fd), "close");
  did(unlink(stage), "unlink");
  sync_names();
}

static void emplace(void) {
  int fd = -1;
  did(lstat(stage, &status), "lstat");
  if (work.durability != NONE) {
    fd = did(open(stage, O_RDONLY | O_CLOEXEC), "open");
    did(fsync(fd), "fsync");
  }
  did(rename(stage, "target"), "rename");
  if (fd >= 0) did(close(fd), "close");
}

static void write_file(void) {
  did(close(make_stage()), "close");
  did(rename(stage, "file"), "rename");
  sync_names();
}

static void link_file(void) { did(link("file", fresh), "link"); }
static void symlink_text(void) { did(symlink("target", fresh), "symlink"); }
static void move_file(void) { did(link(stage, fresh), "link"), did(unlink(stage), "unlink"); }
static void copy_tree(void) { copy_dir(AT_FDCWD, "tree", AT_FDCWD, fresh); }
static void remove_tree(void) { remove_dir(AT_FDCWD, fresh); }

static void swap(void) { did(rename(before, after), "rename"); }

/** The last holder knows the lock's state, and need not read it. */
static void take(void) { did(rename(before, held), "rename"); }
static void give_back(void) { did(rename(held, after), "rename"); }
static void lock(void) { take(), give_back(); }

static void update_file(void) {
  take();
  int fd = did(open("file", O_RDONLY | O_CLOEXEC), "open");
  did(fstat(fd, &status), "fstat");
  if (read(fd, bytes, (size_t)status.st_size) != status.st_size) die("read");
  did(close(fd), "close");
  write_file();
  give_back();
}

static void get_existing(void) { did(lstat("file", &status), "lstat"); }

static void must_be_absent(const char *name) {
  if (lstat(name, &status) == 0 || errno != ENOENT) die(name);
}

/**
 * Checks for the file; creates a lock with its holder in it; checks again, because another process may have been
 * faster; creates the file.
 */
static void get_new(void) {
  must_be_absent(fresh);
  did(mkdir(born, 0777), "mkdir");
  did(close(make(born_held)), "close");
  did(rename(born, own), "rename");
  must_be_absent(fresh);
  create_exclusive();
  did(rename(own_held, own_after), "rename");
}

static const struct work works[] = {
    {"mkdirp, existing", mkdirp_existing, lay_directory, NULL, 0, NONE},
    {"mkdirp, leaf", mkdirp_leaf, NULL, NULL, 0, NONE},
    {"mkdirp, 8 levels", mkdirp_levels, NULL, NULL, 0, NONE},
    {"createExclusive 1 KiB, none", create_exclusive, NULL, NULL, KIB, NONE},
    {"createExclusive 1 KiB, file", create_exclusive, NULL, NULL, KIB, DATA},
    {"createExclusive 1 KiB, full", create_exclusive, NULL, NULL, KIB, FULL},
    {"emplace, none", emplace, NULL, lay_stage, KIB, NONE},
    {"emplace, file", emplace, NULL, lay_stage, KIB, DATA},
    {"writeFile 1 KiB, none", write_file, lay_file, NULL, KIB, NONE},
    {"writeFile 1 KiB, file", write_file, lay_file, NULL, KIB, DATA},
    {"writeFile 1 KiB, full", write_file, lay_file, NULL, KIB, FULL},
    {"writeFile 1 MiB, none", write_file, lay_file, NULL, MIB, NONE},
    {"writeFile 1 MiB, file", write_file, lay_file, NULL, MIB, DATA},
    {"writeFile 1 MiB, full", write_file, lay_file, NULL, MIB, FULL},
    {"link", link_file, lay_file, NULL, KIB, NONE},
    {"symlink", symlink_text, NULL, NULL, 0, NONE},
    {"move", move_file, NULL, lay_stage, KIB, NONE},
    {"copy tree", copy_tree, lay_tree, NULL, KIB, NONE},
    {"remove tree", remove_tree, NULL, lay_fresh_tree, KIB, NONE},
    {"lock", lock, lay_lock, NULL, 0, NONE},
    {"updateFile", update_file, lay_locked_file, NULL, KIB, DATA},
    {"getOrCreate, existing", get_existing, lay_file, NULL, KIB, NONE},
    {"getOrCreate, new", get_new, NULL, NULL, KIB, NONE},
    {"cell swap", swap, lay_lock, NULL, 0, NONE},
};

enum { WORKS = sizeof works / sizeof *works };

static const struct work *work_named(const char *name) {
  for (int at = 0; at < WORKS; at++)
    if (strcmp(works[at].name, name) == 0) return &works[at];
  fprintf(stderr, "no such work: %s\n", name);
  exit(2);
}

static int64_t nanoseconds(void) {
  struct timespec now;
  did(clock_gettime(CLOCK_MONOTONIC, &now), "clock_gettime");
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t timed_call(int number) {
  name_all(number);
  if (work.before) work.before();
  int64_t begun = nanoseconds();
  work.call();
  return nanoseconds() - begun;
}

int main(int count, char **words) {
  if (count != 4) {
    for (int at = 0; at < WORKS; at++) puts(works[at].name);
    return 0;
  }
  work = *work_named(words[1]);
  int calls = atoi(words[3]);
  // Printed at the end, so that no output comes between two calls.
  int64_t *taken = calloc((size_t)calls + 1, sizeof *taken);
  if (!taken) die("calloc");
  // Memory that was never written is one shared page of zeros, which copies faster than real data.
  memset(bytes, 'x', sizeof bytes);
  did(chdir(words[2]), words[2]);
  if (work.once) work.once();
  for (int number = 0; number < calls; number++) taken[number] = timed_call(number);
  for (int number = 0; number < calls; number++) printf("%lld\n", (long long)taken[number]);
  free(taken);
  return 0;
}
