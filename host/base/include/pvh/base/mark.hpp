#pragma once
#pragma GCC system_header
#include <time.h>
#include <unistd.h>
#include <atomic>
#include <cstdio>
namespace pvh {
inline double mark_t[64];
inline const char* mark_n[64];
inline int mark_i[64];
inline std::atomic<int> mark_c;
inline double mark_now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}
inline thread_local int mark_me = 0;
inline std::atomic<int> mark_next = 0;
inline void mark(const char* n) {
  if (!mark_me) mark_me = ++mark_next;
  int i = mark_c++;
  mark_t[i] = mark_now();
  mark_n[i] = n;
  mark_i[i] = mark_me;
}
inline void marks() {
  double last[9] = {};
  for (int i = 0; i < mark_c; i++) {
    double& l = last[mark_i[i]];
    fprintf(stderr, "%8.1f %d %-14s %7.1f\n", mark_t[i] - mark_t[0], mark_i[i], mark_n[i],
            l ? mark_t[i] - l : 0);
    l = mark_t[i];
  }
}
}  // namespace pvh
