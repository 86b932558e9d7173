// A parent that does nothing: what the floor pays for a process between the driver and the VMM.
//   boot_parent VMM ARGUMENT…
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

int main(int count, char **arguments) {
  pid_t child = 0;
  if (count < 2 || posix_spawn(&child, arguments[1], 0, 0, arguments + 1, environ) != 0) return 1;
  return waitpid(child, 0, 0) < 0;
}
