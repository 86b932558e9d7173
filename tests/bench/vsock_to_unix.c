// A preload library: a daemon's AF_VSOCK listener becomes a unix socket at $VSOCK_TO_UNIX, so that a program that knows
// nothing but vsock can be measured, unmodified, where there is none. AF_VSOCK itself is never touched.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/vm_sockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int listener = -1;

int socket(int family, int type, int protocol) {
  if (family != AF_VSOCK) return (int)syscall(SYS_socket, family, type, protocol);
  listener = (int)syscall(SYS_socket, AF_UNIX, type, 0);
  return listener;
}

int bind(int fd, const struct sockaddr *address, socklen_t size) {
  if (fd != listener) return (int)syscall(SYS_bind, fd, address, size);
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  const char *path = getenv("VSOCK_TO_UNIX");
  if (path == NULL || strlen(path) >= sizeof to.sun_path) {
    errno = EADDRNOTAVAIL;
    return -1;
  }
  strcpy(to.sun_path, path);
  return (int)syscall(SYS_bind, fd, &to, sizeof to);
}

int accept(int fd, struct sockaddr *restrict peer, socklen_t *restrict size) {
  if (fd != listener) return (int)syscall(SYS_accept, fd, peer, size);
  const int accepted = (int)syscall(SYS_accept, fd, NULL, NULL);
  const struct sockaddr_vm host = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = 1024};
  if (accepted >= 0 && peer != NULL && *size >= sizeof host) {
    memcpy(peer, &host, sizeof host);
    *size = sizeof host;
  }
  return accepted;
}
