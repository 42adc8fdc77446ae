/* Speaks by AF_VSOCK, which busybox cannot: one connection, one line.
 * vsock answer PORT: sends back what the first that connects says. vsock ask CID PORT TEXT: prints what is
 * sent back. */
#include <linux/vm_sockets.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_vm address(unsigned cid, const char* port) {
  struct sockaddr_vm out;
  memset(&out, 0, sizeof(out));
  out.svm_family = AF_VSOCK;
  out.svm_cid = cid;
  out.svm_port = (unsigned)strtoul(port, NULL, 10);
  return out;
}

static int answer(const char* port) {
  const struct sockaddr_vm here = address(VMADDR_CID_ANY, port);
  const int listening = socket(AF_VSOCK, SOCK_STREAM, 0);
  char line[256];
  int peer;
  ssize_t count;
  if (bind(listening, (const struct sockaddr*)&here, sizeof(here)) != 0 || listen(listening, 1) != 0)
    return 1;
  peer = accept(listening, NULL, NULL);
  count = read(peer, line, sizeof(line));
  return count > 0 && write(peer, line, (size_t)count) == count ? 0 : 1;
}

static int ask(const char* cid, const char* port, const char* text) {
  const struct sockaddr_vm there = address((unsigned)strtoul(cid, NULL, 10), port);
  const int peer = socket(AF_VSOCK, SOCK_STREAM, 0);
  const size_t size = strlen(text);
  char line[256];
  size_t got = 0;
  if (connect(peer, (const struct sockaddr*)&there, sizeof(there)) != 0) return 1;
  if (write(peer, text, size) != (ssize_t)size) return 1;
  while (got < size) {
    const ssize_t count = read(peer, line + got, sizeof(line) - got);
    if (count <= 0) return 1;
    got += (size_t)count;
  }
  printf("%.*s\n", (int)got, line);
  return 0;
}

int main(int count, char** words) {
  if (count == 3 && strcmp(words[1], "answer") == 0) return answer(words[2]);
  if (count == 5 && strcmp(words[1], "ask") == 0) return ask(words[2], words[3], words[4]);
  return 2;
}
