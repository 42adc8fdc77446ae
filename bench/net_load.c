/* One TCP connection with as much in it as goes through, one way.

   Usage: net_load serve PORT               the guest's side, for ever
          net_load to|from ADDRESS PORT MILLISECONDS
     "to" sends to the other side, "from" receives; prints "@end BYTES NANOSECONDS". What was sent counts once
     the other side has read all of it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE 131072

static char buffer[PIECE];

static void die(const char* what) {
  fprintf(stderr, "net_load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct sockaddr_in place(const char* address, const char* port) {
  struct sockaddr_in out;
  memset(&out, 0, sizeof out);
  out.sin_family = AF_INET;
  out.sin_port = htons((uint16_t)atoi(port));
  if (inet_pton(AF_INET, address, &out.sin_addr) != 1) die(address);
  return out;
}

/* Until the other side ends it, or `end` has come; how much it was. */
static long long take(int connection, long long end) {
  long long sum = 0;
  while (now() < end) {
    const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    sum += got;
  }
  return sum;
}

static long long give(int connection, long long end) {
  long long sum = 0;
  while (now() < end) {
    const ssize_t sent = send(connection, buffer, sizeof buffer, 0);
    if (sent <= 0) break;
    sum += sent;
  }
  return sum;
}

static void serve(const char* port) {
  const long long never = 1LL << 62;
  const struct sockaddr_in here = place("0.0.0.0", port);
  const int listening = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listening, (const struct sockaddr*)&here, sizeof here) < 0 || listen(listening, 1) < 0)
    die("listen");
  for (;;) {
    const int connection = accept(listening, NULL, NULL);
    char way;
    if (connection < 0) die("accept");
    if (recv(connection, &way, 1, 0) == 1) (void)(way == 't' ? take : give)(connection, never);
    close(connection);
  }
}

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  if (argc == 3 && strcmp(argv[1], "serve") == 0) serve(argv[2]);
  if (argc != 5) {
    fputs("usage: net_load serve PORT | to|from ADDRESS PORT MILLISECONDS\n", stderr);
    return 1;
  }
  const struct sockaddr_in there = place(argv[2], argv[3]);
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(connection, (const struct sockaddr*)&there, sizeof there) < 0) die("connect");
  if (send(connection, argv[1], 1, 0) != 1) die("send");
  const long long start = now();
  const long long end = start + atoll(argv[4]) * 1000000;
  long long sum;
  if (argv[1][0] == 't') {
    sum = give(connection, end);
    shutdown(connection, SHUT_WR);
    if (recv(connection, buffer, 1, 0) != 0) die("the other side");
  } else {
    sum = take(connection, end);
  }
  printf("@end %lld %lld\n", sum, now() - start);
  return 0;
}
