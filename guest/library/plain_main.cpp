// Runs the tests where there is no GoogleTest.
#include "test_harness.hpp"

int main() {
  for (const auto& test : plain::tests()) {
    const int before = plain::failures;
    test.run();
    if (plain::failures != before) std::printf("FAILED %s.%s\n", test.suite, test.name);
  }
  std::printf("%zu tests, %d failures\n", plain::tests().size(), plain::failures);
  return plain::failures == 0 && !plain::tests().empty() ? 0 : 1;
}
