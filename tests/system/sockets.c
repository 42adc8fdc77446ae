/* What busybox cannot: AF_VSOCK, and much by TCP at once. Its nc moves a KiB with each call, which takes
 * minutes where a guest is emulated twice. vsock-answer PORT: sends back what the first that connects says.
 * vsock-ask CID PORT TEXT: prints what is sent back. tcp-send HOST PORT FILE: 16 times FILE, each behind its
 * number; waits until the other side has all of it. tcp-receive PORT: the CRC-32 of all that the first that
 * connects sends. */
#include <arpa/inet.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

static char buffer[1 << 18];

static uint16_t port_of(const char* text) {
  return htons((uint16_t)strtoul(text, NULL, 10));
}

static struct sockaddr_vm vsock_address(unsigned cid, const char* port) {
  struct sockaddr_vm out;
  memset(&out, 0, sizeof(out));
  out.svm_family = AF_VSOCK;
  out.svm_cid = cid;
  out.svm_port = (unsigned)strtoul(port, NULL, 10);
  return out;
}

static struct sockaddr_in tcp_address(const char* host, const char* port) {
  struct sockaddr_in out;
  memset(&out, 0, sizeof(out));
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = inet_addr(host);
  out.sin_port = port_of(port);
  return out;
}

/* The first that connects; below 0 where that fails. */
static int first_peer(int listening, const struct sockaddr* here, socklen_t size) {
  if (bind(listening, here, size) != 0 || listen(listening, 1) != 0) return -1;
  return accept(listening, NULL, NULL);
}

static int write_all(int peer, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t count = write(peer, data, size);
    if (count <= 0) return 0;
    data += count;
    size -= (size_t)count;
  }
  return 1;
}

static int vsock_answer(const char* port) {
  const struct sockaddr_vm here = vsock_address(VMADDR_CID_ANY, port);
  const int peer = first_peer(socket(AF_VSOCK, SOCK_STREAM, 0), (const struct sockaddr*)&here, sizeof(here));
  const ssize_t count = read(peer, buffer, sizeof(buffer));
  return count > 0 && write_all(peer, buffer, (size_t)count) ? 0 : 1;
}

static int vsock_ask(const char* cid, const char* port, const char* text) {
  const struct sockaddr_vm there = vsock_address((unsigned)strtoul(cid, NULL, 10), port);
  const int peer = socket(AF_VSOCK, SOCK_STREAM, 0);
  const size_t size = strlen(text);
  size_t got = 0;
  if (connect(peer, (const struct sockaddr*)&there, sizeof(there)) != 0) return 1;
  if (!write_all(peer, text, size)) return 1;
  while (got < size && got < sizeof(buffer)) {
    const ssize_t count = read(peer, buffer + got, sizeof(buffer) - got);
    if (count <= 0) return 1;
    got += (size_t)count;
  }
  printf("%.*s\n", (int)got, buffer);
  return 0;
}

static int tcp_send(const char* host, const char* port, const char* path) {
  const struct sockaddr_in there = tcp_address(host, port);
  const int peer = socket(AF_INET, SOCK_STREAM, 0);
  FILE* const file = fopen(path, "rb");
  int part;
  if (file == NULL || connect(peer, (const struct sockaddr*)&there, sizeof(there)) != 0) return 1;
  for (part = 1; part <= 16; ++part) {
    char number[8];
    size_t count = (size_t)snprintf(number, sizeof(number), "%d\n", part);
    if (!write_all(peer, number, count)) return 1;
    rewind(file);
    while ((count = fread(buffer, 1, sizeof(buffer), file)) > 0)
      if (!write_all(peer, buffer, count)) return 1;
  }
  return shutdown(peer, SHUT_WR) == 0 && read(peer, buffer, 1) == 0 ? 0 : 1;
}

static int tcp_receive(const char* port) {
  const struct sockaddr_in here = tcp_address("0.0.0.0", port);
  const int peer = first_peer(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr*)&here, sizeof(here));
  uLong sum = crc32(0, NULL, 0);
  ssize_t count;
  while ((count = read(peer, buffer, sizeof(buffer))) > 0)
    sum = crc32(sum, (const Bytef*)buffer, (uInt)count);
  if (count < 0) return 1;
  printf("%08lx\n", sum);
  return 0;
}

int main(int count, char** words) {
  const char* const what = count > 1 ? words[1] : "";
  if (count == 3 && strcmp(what, "vsock-answer") == 0) return vsock_answer(words[2]);
  if (count == 5 && strcmp(what, "vsock-ask") == 0) return vsock_ask(words[2], words[3], words[4]);
  if (count == 5 && strcmp(what, "tcp-send") == 0) return tcp_send(words[2], words[3], words[4]);
  if (count == 3 && strcmp(what, "tcp-receive") == 0) return tcp_receive(words[2]);
  return 2;
}
