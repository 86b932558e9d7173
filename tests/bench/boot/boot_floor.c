// The floor: the bytes of a boot sequence, sent by a loop that does nothing else.
//   boot_floor VMM SOCKET REQUESTS [PARENT]   for each line on standard input: starts VMM, sends what the file REQUESTS holds,
//                                    request by request (each ends with a NUL), then prints the nanoseconds it took.
//                                    With PARENT that program starts the VMM.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static char requests[64 * 1024], reply[4096];

static void need(int good, const char *what) {
  if (good) return;
  perror(what);
  exit(1);
}

static long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}

static pid_t start(char *parent, char *vmm, char *path) {
  char *with_parent[] = {parent, vmm, "--api-sock", path, NULL};
  char **arguments = parent == NULL ? with_parent + 1 : with_parent;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Firecracker makes its standard input non-blocking, which may be ours.
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t group;
  posix_spawnattr_init(&group);
  posix_spawnattr_setflags(&group, POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  need(posix_spawn(&child, arguments[0], &actions, &group, arguments, environ) == 0, arguments[0]);
  posix_spawnattr_destroy(&group);
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

// The watch sees the socket's file; a moment later it accepts.
static int dial(int watch, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  while (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    need(errno == ENOENT || errno == ECONNREFUSED, path);
    if (errno == ENOENT) {
      need(read(watch, reply, sizeof reply) > 0, "inotify");
    } else {
      usleep(20);
    }
  }
  return fd;
}

static void ask(int fd, const char *request) {
  const size_t size = strlen(request);
  need(write(fd, request, size) == (ssize_t)size, "write");
  size_t have = 0;
  while (1) {
    const ssize_t n = read(fd, reply + have, sizeof reply - 1 - have);
    need(n > 0, "read");
    have += (size_t)n;
    reply[have] = '\0';
    const char *body = strstr(reply, "\r\n\r\n");
    if (body == NULL) continue;
    const char *length = strcasestr(reply, "Content-Length:");
    if (have - (size_t)(body + 4 - reply) >= (length ? strtoul(length + 15, NULL, 10) : 0)) break;
  }
  need(strncmp(reply, "HTTP/1.1 2", 10) == 0, reply);
}

int main(int count, char **arguments) {
  need(count == 4 || count == 5, "usage");
  char *vmm = arguments[1], *path = arguments[2];
  const int file = open(arguments[3], O_RDONLY | O_CLOEXEC);
  const ssize_t size = read(file, requests, sizeof requests - 1);
  need(size > 0, arguments[3]);
  char *folder = strdup(path);
  *strrchr(folder, '/') = '\0';
  const int watch = inotify_init1(IN_CLOEXEC);
  need(inotify_add_watch(watch, folder, IN_CREATE) >= 0, folder);

  for (char line[16]; fgets(line, sizeof line, stdin) != NULL;) {
    alarm(30);
    const long begin = now();
    const pid_t child = start(arguments[4], vmm, path);
    const int fd = dial(watch, path);
    for (const char *request = requests; request < requests + size; request += strlen(request) + 1) ask(fd, request);
    printf("%ld\n", now() - begin);
    fflush(stdout);
    close(fd);
    kill(-child, SIGKILL);
    waitpid(child, NULL, 0);
  }
}
