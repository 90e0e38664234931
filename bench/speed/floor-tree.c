#include "floor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static DIR *open_dir(int parent, const char *name) {
  DIR *dir = fdopendir(did(openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), name));
  if (!dir) die(name);
  return dir;
}

/** Returns the next entry that is not the directory itself or its parent; null at the end. */
static struct dirent *next_in(DIR *dir) {
  struct dirent *entry;
  do {
    errno = 0; // At the end readdir leaves it as it is; an error sets it.
    entry = readdir(dir);
    if (!entry && errno) die("readdir");
  } while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
  return entry;
}

void plant(const char *tree, void (*lay)(const char *path)) {
  char path[96];
  did(mkdir(tree, 0777), tree);
  for (int dir = 0; dir < 50; dir++) {
    snprintf(path, sizeof path, "%s/d%d", tree, dir % 5);
    if (dir < 5) did(mkdir(path, 0777), path);
    snprintf(path, sizeof path, "%s/d%d/%d", tree, dir % 5, dir);
    did(mkdir(path, 0777), path);
    for (int file = 0; file < 20; file++) {
      snprintf(path, sizeof path, "%s/d%d/%d/%d", tree, dir % 5, dir, file);
      lay(path);
    }
  }
}

static void copy_file(int from, int to, const char *name) {
  char bytes[4096];
  ssize_t got;
  int in = did(openat(from, name, O_RDONLY | O_CLOEXEC), name);
  int out = did(openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), name);
  while ((got = read(in, bytes, sizeof bytes)) > 0)
    if (write(out, bytes, (size_t)got) != got) die("write");
  did((int)got, "read");
  did(close(out), "close");
  did(close(in), "close");
}

void copy_dir(int from, const char *source, int to, const char *target) {
  did(mkdirat(to, target, 0777), "mkdirat");
  int copy = did(openat(to, target, O_RDONLY | O_DIRECTORY | O_CLOEXEC), target);
  DIR *dir = open_dir(from, source);
  for (struct dirent *entry; (entry = next_in(dir));) {
    if (entry->d_type == DT_DIR) copy_dir(dirfd(dir), entry->d_name, copy, entry->d_name);
    else copy_file(dirfd(dir), copy, entry->d_name);
  }
  did(closedir(dir), "closedir");
  did(close(copy), "close");
}

void remove_dir(int parent, const char *name) {
  DIR *dir = open_dir(parent, name);
  for (struct dirent *entry; (entry = next_in(dir));) {
    if (entry->d_type == DT_DIR) remove_dir(dirfd(dir), entry->d_name);
    else did(unlinkat(dirfd(dir), entry->d_name, 0), "unlinkat");
  }
  did(closedir(dir), "closedir");
  did(unlinkat(parent, name, AT_REMOVEDIR), "unlinkat");
}
