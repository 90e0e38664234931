// Calls about a path.

#include "shim.h"
#include <dirent.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statfs.h>

REPLACE(link, int, -1, link, (const char *from, const char *to), (from, to), about(to, where))
REPLACE(rename, int, -1, rename, (const char *from, const char *to), (from, to), about(from, where) || about(to, where))
REPLACE(symlink, int, -1, symlink, (const char *text, const char *path), (text, path), about(path, where))
REPLACE(mkdir, int, -1, mkdir, (const char *path, mode_t mode), (path, mode), about(path, where))
REPLACE(mkdtemp, char *, 0, mkdtemp, (char *path), (path), about(path, where))
REPLACE(rmdir, int, -1, rmdir, (const char *path), (path), about(path, where))
REPLACE(unlink, int, -1, unlink, (const char *path), (path), about(path, where))
REPLACE(access, int, -1, access, (const char *path, int how), (path, how), about(path, where))
REPLACE(chmod, int, -1, chmod, (const char *path, mode_t mode), (path, mode), about(path, where))
REPLACE(chown, int, -1, chown, (const char *path, uid_t user, gid_t group), (path, user, group), about(path, where))
REPLACE(chown, int, -1, lchown, (const char *path, uid_t user, gid_t group), (path, user, group), about(path, where))
REPLACE(utimes, int, -1, utimensat, (int dir, const char *path, const struct timespec times[2], int flags),
        (dir, path, times, flags), about(path, where))
REPLACE(readlink, ssize_t, -1, readlink, (const char *path, char *text, size_t size),
        (path, text, size), about(path, where))
REPLACE(realpath, char *, 0, realpath, (const char *path, char *found), (path, found), about(path, where))
REPLACE(statfs, int, -1, statfs64, (const char *path, struct statfs64 *found), (path, found), about(path, where))
REPLACE(watch, int, -1, inotify_add_watch, (int fd, const char *path, uint32_t mask),
        (fd, path, mask), about(path, where))
REPLACE(readdir, DIR *, 0, opendir, (const char *path), (path), about(path, where))

typedef int (*chooser)(const struct dirent64 *);
typedef int (*order)(const struct dirent64 **, const struct dirent64 **);
REPLACE(readdir, int, -1, scandir64, (const char *path, struct dirent64 ***found, chooser wanted, order before),
        (path, found, wanted, before), about(path, where))

// What Node that was built with an older glibc calls, and with a newer one.
REPLACE(stat, int, -1, __xstat64, (int version, const char *path, struct stat64 *found),
        (version, path, found), about(path, where))
REPLACE(stat, int, -1, __lxstat64, (int version, const char *path, struct stat64 *found),
        (version, path, found), about(path, where))
REPLACE(stat, int, -1, stat64, (const char *path, struct stat64 *found), (path, found), about(path, where))
REPLACE(stat, int, -1, lstat64, (const char *path, struct stat64 *found), (path, found), about(path, where))
