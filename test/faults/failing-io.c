/*
 * Loaded into relayd (LD_PRELOAD): the disk below FAULT_DIRECTORY misbehaves as the file FAULT_MODE says, which is read at
 * every call: "none", "eio-write", "eio-sync" or "lie" (a sync says yes and does nothing).
 *
 * FAULT_SHADOW gets what a power cut would leave: the content that a file had when it was last synced, under the name that
 * it had when its directory was. What was deleted goes with the next sync of anything, as journalling file systems do it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char pending[4096][2][PATH_MAX];
static int pending_count;
static char deleted[4096][PATH_MAX];
static int deleted_count;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* The path below the directory; NULL: not ours. */
static const char *below(const char *path) {
  const char *directory = getenv("FAULT_DIRECTORY");
  size_t length = directory ? strlen(directory) : 0;
  if (!length || strncmp(path, directory, length)) return NULL;
  if (path[length] != '/' && path[length] != 0) return NULL;
  const char *rest = path[length] ? path + length + 1 : path + length;
  return strstr(rest, "-shm") ? NULL : rest;
}

static const char *ours(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return NULL;
  path[length] = 0;
  return below(path);
}

static int mode_is(const char *wanted) {
  char mode[16] = "";
  const char *name = getenv("FAULT_MODE");
  int fd = name ? REAL(open)(name, O_RDONLY) : -1;
  if (fd < 0) return 0;
  if (read(fd, mode, sizeof mode - 1) < 0) mode[0] = 0;
  close(fd);
  return !strcmp(mode, wanted);
}

static int fails(int fd) {
  char path[PATH_MAX];
  int saved = errno;
  int yes = ours(fd, path) && mode_is("eio-write");
  errno = yes ? EIO : saved;
  return yes;
}

static void shadow_path(char *into, const char *rest) {
  snprintf(into, PATH_MAX, "%s/%s", getenv("FAULT_SHADOW"), rest);
}

static void copy(const char *from, const char *rest) {
  char to[PATH_MAX], part[PATH_MAX + 8];
  char *buffer = malloc(1 << 16);
  shadow_path(to, rest);
  snprintf(part, sizeof part, "%s.copy", to);
  int in = REAL(open)(from, O_RDONLY), out = REAL(open)(part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ssize_t got;
  while (in >= 0 && out >= 0 && (got = read(in, buffer, 1 << 16)) > 0)
    if (REAL(write)(out, buffer, got) != got) abort();
  if (in >= 0) close(in);
  if (out >= 0) close(out);
  free(buffer);
  /* The process may be killed in the middle of it. */
  REAL(rename)(part, to);
}

/* The directory is synced: so are the renames in it. */
static void settle_renames(void) {
  char from[PATH_MAX], to[PATH_MAX];
  for (int at = 0; at < pending_count; at++) {
    shadow_path(from, pending[at][0]);
    shadow_path(to, pending[at][1]);
    REAL(rename)(from, to);
  }
  pending_count = 0;
}

static void settle_deletions(void) {
  char path[PATH_MAX];
  for (int at = 0; at < deleted_count; at++) {
    shadow_path(path, deleted[at]);
    REAL(unlink)(path);
  }
  deleted_count = 0;
}

static int synced(int fd, int (*sync)(int)) {
  char path[PATH_MAX];
  const char *rest = ours(fd, path);
  if (!rest) return sync(fd);
  if (mode_is("eio-sync")) {
    errno = EIO;
    return -1;
  }
  if (mode_is("lie")) return 0;
  int result = sync(fd);
  struct stat about;
  if (result || !getenv("FAULT_SHADOW") || fstat(fd, &about)) return result;
  pthread_mutex_lock(&lock);
  settle_deletions();
  if (S_ISDIR(about.st_mode)) settle_renames();
  else copy(path, rest);
  pthread_mutex_unlock(&lock);
  return 0;
}

int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

int rename(const char *from, const char *to) {
  int result = REAL(rename)(from, to);
  const char *old = below(from), *new = below(to);
  if (result || !old || !new || !getenv("FAULT_SHADOW")) return result;
  pthread_mutex_lock(&lock);
  if (pending_count == 4096) abort();
  strcpy(pending[pending_count][0], old);
  strcpy(pending[pending_count++][1], new);
  pthread_mutex_unlock(&lock);
  return 0;
}

int unlink(const char *path) {
  int result = REAL(unlink)(path);
  const char *rest = below(path);
  if (result || !rest || !getenv("FAULT_SHADOW")) return result;
  pthread_mutex_lock(&lock);
  if (deleted_count == 4096) abort();
  strcpy(deleted[deleted_count++], rest);
  pthread_mutex_unlock(&lock);
  return 0;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  return fails(fd) ? -1 : REAL(write)(fd, bytes, count);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  return fails(fd) ? -1 : REAL(writev)(fd, parts, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return fails(fd) ? -1 : REAL(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  return fails(fd) ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  return fails(fd) ? -1 : REAL(pwritev)(fd, parts, count, at);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  return fails(fd) ? -1 : REAL(pwritev64)(fd, parts, count, at);
}
