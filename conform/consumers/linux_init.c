/* The first and only process of a Linux under test: says what the kernel says that it was given, and ends the
 * machine.
 *
 * Without a C library, so that nothing is needed on whose machine this is built. Each fact is a line that
 * begins with "@" (told_linux.cpp reads them), on the first serial line, whether or not it is the console.
 */
#include <stddef.h>
#include <stdint.h>

enum {
  SYS_READ = 0,
  SYS_WRITE = 1,
  SYS_OPEN = 2,
  SYS_CLOSE = 3,
  SYS_MOUNT = 165,
  SYS_REBOOT = 169,
  WRITE_ONLY = 1,
  NO_TERMINAL = 0400,
};

static long call(long number, long a, long b, long c, long d, long e) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}

static int line = -1;

static size_t length_of(const char* text) {
  size_t size = 0;
  while (text[size] != '\0') ++size;
  return size;
}

static void write_all(int file, const char* text, size_t size) {
  while (size > 0) {
    const long done = call(SYS_WRITE, file, (long)text, (long)size, 0, 0);
    if (done <= 0) return;
    text += done;
    size -= (size_t)done;
  }
}

static void say(const char* text) {
  write_all(line, text, length_of(text));
}

static void mount(const char* type, const char* at) {
  call(SYS_MOUNT, (long)type, (long)at, (long)type, 0, 0);
}

static char buffer[70000];

/* What is in the file, up to a buffer; nothing where there is none. */
static size_t contents(const char* path) {
  const int file = (int)call(SYS_OPEN, (long)path, 0, 0, 0, 0);
  size_t size = 0;
  buffer[0] = '\0';
  if (file < 0) return 0;
  for (;;) {
    const long done = call(SYS_READ, file, (long)(buffer + size), (long)(sizeof(buffer) - 1 - size), 0, 0);
    if (done <= 0) break;
    size += (size_t)done;
  }
  call(SYS_CLOSE, file, 0, 0, 0, 0);
  buffer[size] = '\0';
  return size;
}

/* The file's first line. */
static int say_line_of(const char* path) {
  size_t size = contents(path), i;
  for (i = 0; i < size && buffer[i] != '\n'; ++i) continue;
  write_all(line, buffer, i);
  return size != 0;
}

static char path[64];

static const char* memmap_path(unsigned number, const char* member) {
  static const char kPrefix[] = "/sys/firmware/memmap/";
  char digits[10];
  size_t at = 0, count = 0;
  for (; kPrefix[at] != '\0'; ++at) path[at] = kPrefix[at];
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  while (count > 0) path[at++] = digits[--count];
  path[at++] = '/';
  while (*member != '\0') path[at++] = *member++;
  path[at] = '\0';
  return path;
}

static void tell_memmap(void) {
  unsigned number;
  for (number = 0; contents(memmap_path(number, "start")) != 0; ++number) {
    say("@memmap ");
    say_line_of(memmap_path(number, "start"));
    say(" ");
    say_line_of(memmap_path(number, "end"));
    say(" ");
    say_line_of(memmap_path(number, "type"));
    say("\n");
  }
}

/* Of /proc/iomem what the kernel uses as memory: lines without an indent. */
static void tell_iomem(void) {
  static const char kRam[] = " : System RAM\n";
  const size_t wanted = sizeof(kRam) - 1;
  const size_t size = contents("/proc/iomem");
  size_t start = 0, i;
  for (i = 0; i < size; ++i) {
    size_t k = 0;
    if (buffer[i] != '\n') continue;
    while (k < wanted && i + 1 - start > wanted && buffer[i + 1 - wanted + k] == kRam[k]) ++k;
    if (k == wanted && buffer[start] != ' ') {
      say("@iomem ");
      write_all(line, buffer + start, i + 1 - start);
    }
    start = i + 1;
  }
}

void _start(void);
void _start(void) {
  int quiet;
  mount("proc", "/proc");
  mount("sysfs", "/sys");
  /* Or the kernel's messages stand in the midst of ours. */
  quiet = (int)call(SYS_OPEN, (long)"/proc/sys/kernel/printk", WRITE_ONLY, 0, 0, 0);
  write_all(quiet, "1\n", 2);
  line = (int)call(SYS_OPEN, (long)"/dev/ttyS0", WRITE_ONLY | NO_TERMINAL, 0, 0, 0);
  say("\n@linux ");
  say_line_of("/proc/sys/kernel/osrelease");
  say("\n@cmdline ");
  say_line_of("/proc/cmdline");
  say("\n");
  tell_memmap();
  tell_iomem();
  say("@end\n");
  call(SYS_REBOOT, (long)0xfee1dead, 672274793, 0x01234567, 0, 0);
  for (;;) continue;
}
