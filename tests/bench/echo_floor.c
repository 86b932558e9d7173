// The floor: what a server costs that does nothing but its system calls.
//   echo_floor SOCKET            sends back what it reads
//   echo_floor SOCKET FILE SIZE  for each line, replaces FILE with SIZE bytes as durably as a daemon must, then answers
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char buffer[256 * 1024];

struct write_job {
  int directory;
  const char *name;
  size_t size;
};

static int replace(const struct write_job *job) {
  const int fd = openat(job->directory, ".new", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, buffer, job->size) != (ssize_t)job->size || fsync(fd) != 0) return -1;
  if (renameat(job->directory, ".new", job->directory, job->name) != 0 || fsync(job->directory) != 0) return -1;
  return close(fd);
}

// Answers 0 when the peer is gone.
static int serve(int fd, const struct write_job *job) {
  ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n <= 0) return 0;
  if (job != NULL) {
    while (buffer[n - 1] != '\n') {
      n = recv(fd, buffer, sizeof buffer, 0);
      if (n <= 0) return 0;
    }
    if (replace(job) != 0) abort();
    memcpy(buffer, "{\"id\":\"x\",\"ok\":true}\n", 21);
    n = 21;
  }
  for (ssize_t sent = 0; sent < n;) {
    const ssize_t part = send(fd, buffer + sent, (size_t)(n - sent), MSG_NOSIGNAL);
    if (part <= 0) return 0;
    sent += part;
  }
  return 1;
}

static int watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv) {
  struct write_job job = {0};
  if (argc == 4) {
    char *slash = strrchr(argv[2], '/');
    if (slash == NULL) return 2;
    *slash = '\0';
    job = (struct write_job){open(argv[2], O_RDONLY | O_DIRECTORY), slash + 1, strtoul(argv[3], NULL, 10)};
  }
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if ((argc != 2 && argc != 4) || strlen(argv[1]) >= sizeof address.sun_path || job.size > sizeof buffer) return 2;
  strcpy(address.sun_path, argv[1]);
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  const int epoll = epoll_create1(0);
  if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4096) != 0 ||
      watch(epoll, listener) != 0) {
    perror(argv[1]);
    return 1;
  }
  for (;;) {
    struct epoll_event events[64];
    const int n = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < n; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener) {
        watch(epoll, accept(listener, NULL, NULL));
      } else if (!serve(fd, job.size != 0 ? &job : NULL)) {
        close(fd);
      }
    }
  }
}
