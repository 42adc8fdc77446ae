/* Runs a monitor until its guest is busy (guest/kernels/busy.c), ends it, and reports how it ended.
 * Usage: until_busy END [--no-io_uring] [--disk FILE] PROGRAM ARGUMENT…
 *   END is "term" (SIGTERM), "keys" (Ctrl-A x at a terminal), or another word: then the guest or the
 * monitor's time limit ends the run. The guest's output is read and dropped. With --no-io_uring,
 * io_uring_setup fails with EPERM, as under Docker's standard seccomp profile. FILE must not be locked after
 * the end. Prints "@ended NAME=VALUE…": code (the exit code, 128 + N after signal N, or "stuck"), busy
 * (whether the guest was), uses (the kernel's devices that the monitor had open then), terminal ("kept" where
 * its settings are what they were) and lock ("free" or "held"). */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS_UNTIL_STUCK = 120 };
static const char kBusy[] = "@busy";

static void die(const char* what) {
  perror(what);
  exit(1);
}

static void refuse_io_uring(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    die("seccomp");
}

/* Both ends of where the monitor reads keys and writes output. */
struct ends {
  int ours, input, output;
};

static struct ends open_terminal(void) {
  struct ends out;
  out.ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (out.ours < 0 || grantpt(out.ours) != 0 || unlockpt(out.ours) != 0) die("pseudoterminal");
  out.input = out.output = open(ptsname(out.ours), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (out.input < 0) die("pseudoterminal");
  return out;
}

static struct ends open_pipe(void) {
  int both[2];
  struct ends out;
  if (pipe2(both, O_CLOEXEC) != 0) die("pipe");
  out.ours = both[0];
  out.input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  out.output = both[1];
  return out;
}

static pid_t start(char** words, struct ends ends, int no_io_uring) {
  const pid_t child = fork();
  if (child < 0) die("fork");
  if (child > 0) return child;
  if (dup2(ends.input, 0) < 0 || dup2(ends.output, 1) < 0) die("dup2");
  signal(SIGTERM, SIG_DFL);
  if (no_io_uring) refuse_io_uring();
  execv(words[0], words);
  die(words[0]);
  return -1;
}

/* Of the devices in question, those that the process has open, each once. */
static void name_devices(pid_t process, char* into, size_t size) {
  static const char* const kNames[] = {"io_uring", "vhost-net", "vhost-vsock"};
  char folder[64], path[512], target[512];
  int seen[3] = {0, 0, 0};
  struct dirent* entry;
  unsigned i;
  snprintf(folder, sizeof(folder), "/proc/%d/fd", (int)process);
  DIR* const all = opendir(folder);
  into[0] = '\0';
  if (all == NULL) return;
  while ((entry = readdir(all)) != NULL) {
    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
    const ssize_t length = readlink(path, target, sizeof(target) - 1);
    target[length > 0 ? length : 0] = '\0';
    for (i = 0; i < 3; ++i) seen[i] |= strstr(target, kNames[i]) != NULL;
  }
  closedir(all);
  for (i = 0; i < 3; ++i) {
    if (seen[i])
      snprintf(into + strlen(into), size - strlen(into), "%s%s", into[0] != '\0' ? "," : "", kNames[i]);
  }
}

/* The locks of monitor/backend/disk_file.cpp, and for a block device the exclusive open. */
static int is_locked(const char* disk) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 200};
  const int fd = open(disk, O_RDWR | O_EXCL | O_CLOEXEC);
  const int held = fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) != 0;
  if (fd >= 0) close(fd);
  return held;
}

/* Reads what is there and returns whether "@busy" was in it; the last bytes are kept for a word that is cut.
 */
static int take_output(int fd) {
  static char buffer[65536 + sizeof(kBusy)];
  static size_t kept;
  const ssize_t count = read(fd, buffer + kept, 65536);
  if (count <= 0) return 0;
  const size_t size = kept + (size_t)count;
  const int found = memmem(buffer, size, kBusy, sizeof(kBusy) - 1) != NULL;
  kept = size < sizeof(kBusy) - 1 ? size : sizeof(kBusy) - 1;
  memmove(buffer, buffer + size - kept, kept);
  return found;
}

int main(int count, char** words) {
  const char* const end = count > 1 ? words[1] : "";
  const char* disk = NULL;
  const int at_terminal = strcmp(end, "keys") == 0;
  int at = 2, no_io_uring = 0, busy = 0, status = 0, stuck = 0;
  char devices[128] = "";
  struct termios before, after;
  memset(&before, 0, sizeof(before));
  memset(&after, 0, sizeof(after));
  for (; at < count && words[at][0] == '-'; ++at) {
    if (strcmp(words[at], "--no-io_uring") == 0) no_io_uring = 1;
    if (strcmp(words[at], "--disk") == 0 && at + 1 < count) disk = words[++at];
  }
  if (at >= count) return 2;
  const struct ends ends = at_terminal ? open_terminal() : open_pipe();
  if (at_terminal) tcgetattr(ends.input, &before);
  const pid_t child = start(words + at, ends, no_io_uring);
  if (!at_terminal) close(ends.output);
  const time_t limit = time(NULL) + SECONDS_UNTIL_STUCK;
  while (waitpid(child, &status, WNOHANG) == 0) {
    struct pollfd polled = {ends.ours, POLLIN, 0};
    if (poll(&polled, 1, 20) > 0 && take_output(ends.ours) && !busy) {
      busy = 1;
      name_devices(child, devices, sizeof(devices));
      if (strcmp(end, "term") == 0) kill(child, SIGTERM);
      if (at_terminal && write(ends.ours, "\x01x", 2) != 2) die("keys");
    }
    if ((polled.revents & POLLIN) == 0 && polled.revents != 0) usleep(5000);
    if (!stuck && time(NULL) > limit) {
      stuck = 1;
      kill(child, SIGKILL);
    }
  }
  const int locked = disk != NULL && is_locked(disk);
  while (poll(&(struct pollfd){ends.ours, POLLIN, 0}, 1, 0) > 0) {
    if (take_output(ends.ours))
      busy = 1;
    else
      break;
  }
  if (at_terminal) tcgetattr(ends.input, &after);
  if (stuck)
    printf("@ended code=stuck");
  else
    printf("@ended code=%d", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  printf(" busy=%d uses=%s terminal=%s lock=%s\n", busy, devices,
         memcmp(&before, &after, sizeof(before)) == 0 ? "kept" : "changed", locked ? "held" : "free");
  return 0;
}
