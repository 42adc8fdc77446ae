/* Times commands as whole processes, in turns, so that a machine that slows down slows all of them, and in an
   order that changes, since who follows a large process finds cold caches: from just before the process is
   made to its first byte of output, and to its end. Prints one line a run: the command's number, nanoseconds
   to the first byte, to the end. Input is /dev/null, errors are thrown away; a run without output ends the
   measurement with 1.

   Usage: stopwatch [--warm-up N] ROUNDS COMMAND WORD... [, COMMAND WORD...]... */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_COMMANDS 16

extern char** environ;

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int fail(const char* what, int error) {
  fprintf(stderr, "stopwatch: %s: %s\n", what, strerror(error));
  return -1;
}

/* 0, and how long it took; or -1. */
static int time_run(char** command, long long* first, long long* whole) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail("pipe", errno);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);

  pid_t process;
  const long long start = now();
  const int error = posix_spawnp(&process, command[0], &files, NULL, command, environ);
  posix_spawn_file_actions_destroy(&files);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return fail(command[0], error);
  }
  char byte;
  const ssize_t got = read(ends[0], &byte, 1);
  *first = now() - start;
  /* What else it has to say must not stop it. */
  char rest[4096];
  while (read(ends[0], rest, sizeof rest) > 0) {
  }
  close(ends[0]);
  int status;
  waitpid(process, &status, 0);
  *whole = now() - start;
  if (WIFSIGNALED(status)) {
    fprintf(stderr, "stopwatch: %s was ended by signal %d\n", command[0], WTERMSIG(status));
    return -1;
  }
  if (got == 1) return 0;
  fprintf(stderr, "stopwatch: %s wrote nothing\n", command[0]);
  return -1;
}

/* Another order each time, the same in each measurement. */
static void shuffle(int* order, int count) {
  static unsigned state = 1;
  for (int i = count - 1; i > 0; --i) {
    state = state * 1103515245U + 12345U;
    const int other = (int)((state >> 16U) % (unsigned)(i + 1));
    const int kept = order[i];
    order[i] = order[other];
    order[other] = kept;
  }
}

int main(int count, char** arguments) {
  int next = 1;
  int warm_up = 2;
  if (next + 1 < count && strcmp(arguments[next], "--warm-up") == 0) {
    warm_up = atoi(arguments[next + 1]);
    next += 2;
  }
  const int rounds = next < count ? atoi(arguments[next++]) : 0;
  char** commands[MOST_COMMANDS];
  int command_count = 0;
  for (int begin = next; next < count; ++next) {
    if (next + 1 < count && strcmp(arguments[next + 1], ",") != 0) continue;
    if (command_count == MOST_COMMANDS) return 2;
    commands[command_count++] = arguments + begin;
    if (next + 1 < count) arguments[++next] = NULL;
    begin = next + 1;
  }
  if (rounds <= 0 || command_count == 0) {
    fprintf(stderr, "usage: stopwatch [--warm-up N] ROUNDS COMMAND WORD... [, COMMAND WORD...]...\n");
    return 2;
  }
  int order[MOST_COMMANDS];
  for (int i = 0; i < command_count; ++i) order[i] = i;
  for (int round = -warm_up; round < rounds; ++round) {
    shuffle(order, command_count);
    for (int i = 0; i < command_count; ++i) {
      long long first = 0;
      long long whole = 0;
      if (time_run(commands[order[i]], &first, &whole) != 0) return 1;
      if (round >= 0) printf("%d %lld %lld\n", order[i], first, whole);
    }
  }
  return 0;
}
