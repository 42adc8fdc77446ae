/* Loads a disk as fio would with its libaio engine and direct I/O: 4 KiB requests, so many of them under way
   at once; each that ends is followed by another. fio itself would bring the guest a hundred packages.

   Usage: disk_load DEVICE MEBIBYTES
     MEBIBYTES of the device are used; each line of the input is a turn, "CASE MILLISECONDS",
     CASE is seq|rand-read|write-DEPTH, as rand-read-32
   Prints, for each, "@end REQUESTS NANOSECONDS", with a pause before and after, so that who looks at the
   monitor before it says the line, and when it has read the answer, finds it idle. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096
#define MOST_DEPTH 128
#define PAUSE_NS 100000000

struct load {
  int random;
  int write;
  unsigned depth;
};

static void die(const char* what) {
  fprintf(stderr, "disk_load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void rest(void) {
  const struct timespec pause = {0, PAUSE_NS};
  nanosleep(&pause, NULL);
}

/* xorshift64: the same places in every run. */
static uint64_t next_random(uint64_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static struct load parse(const char* text) {
  char pattern[8];
  char direction[8];
  struct load load;
  if (sscanf(text, "%7[a-z]-%7[a-z]-%u", pattern, direction, &load.depth) != 3 || load.depth == 0 ||
      load.depth > MOST_DEPTH) {
    fprintf(stderr, "disk_load: what is '%s'?\n", text);
    exit(1);
  }
  load.random = strcmp(pattern, "rand") == 0;
  load.write = strcmp(direction, "write") == 0;
  return load;
}

static void submit(aio_context_t context, struct iocb** requests, long count) {
  while (count > 0) {
    const long taken = syscall(SYS_io_submit, context, count, requests);
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) die("io_submit");
    requests += taken;
    count -= taken;
  }
}

/* How many requests were done in that time; all of them are when it returns. */
static long long run(int device, struct load load, long long nanoseconds, uint64_t blocks, char* buffers) {
  static struct iocb requests[MOST_DEPTH];
  struct iocb* begun[MOST_DEPTH];
  struct io_event done[MOST_DEPTH];
  aio_context_t context = 0;
  uint64_t state = 88172645463325252ULL;
  uint64_t place = 0;
  long long count = 0;
  if (syscall(SYS_io_setup, MOST_DEPTH, &context) < 0) die("io_setup");
  const long long end = now() + nanoseconds;
  long fresh = load.depth;
  unsigned under_way = 0;
  for (unsigned i = 0; i < load.depth; ++i) begun[i] = &requests[i];
  for (;;) {
    if (now() >= end) fresh = 0;
    for (long i = 0; i < fresh; ++i) {
      struct iocb* const request = begun[i];
      const uint64_t block = (load.random ? next_random(&state) : place++) % blocks;
      memset(request, 0, sizeof *request);
      request->aio_data = (uint64_t)(request - requests);
      request->aio_lio_opcode = load.write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
      request->aio_fildes = (uint32_t)device;
      request->aio_buf = (uint64_t)(uintptr_t)(buffers + (request - requests) * BLOCK);
      request->aio_nbytes = BLOCK;
      request->aio_offset = (int64_t)(block * BLOCK);
    }
    submit(context, begun, fresh);
    under_way += (unsigned)fresh;
    if (under_way == 0) break;
    const long got = syscall(SYS_io_getevents, context, 1, MOST_DEPTH, done, NULL);
    if (got < 0 && errno != EINTR) die("io_getevents");
    fresh = got < 0 ? 0 : got;
    for (long i = 0; i < fresh; ++i) {
      if (done[i].res != BLOCK) {
        errno = (int)-done[i].res;
        die("a request");
      }
      begun[i] = &requests[done[i].data];
    }
    under_way -= (unsigned)fresh;
    count += fresh;
  }
  syscall(SYS_io_destroy, context);
  return count;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fputs("usage: disk_load DEVICE MEBIBYTES\n", stderr);
    return 1;
  }
  const int device = open(argv[1], O_RDWR | O_DIRECT);
  if (device < 0) die(argv[1]);
  const uint64_t blocks = strtoull(argv[2], NULL, 10) * (1024 * 1024 / BLOCK);
  char* const buffers = aligned_alloc(BLOCK, MOST_DEPTH * BLOCK);
  if (buffers == NULL || blocks == 0) die("memory");
  memset(buffers, 'x', MOST_DEPTH * BLOCK);
  setvbuf(stdout, NULL, _IOLBF, 0);
  char name[32];
  long long milliseconds;
  while (scanf("%31s %lld", name, &milliseconds) == 2) {
    const struct load load = parse(name);
    rest();
    const long long start = now();
    const long long count = run(device, load, milliseconds * 1000000, blocks, buffers);
    const long long taken = now() - start;
    rest();
    printf("@end %lld %lld\n", count, taken);
  }
  return 0;
}
