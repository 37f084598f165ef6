// A test is a function with a name; CHECK says what was expected and where.
#pragma once

#include <cmath>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace check {

struct Test {
  std::string name;
  std::function<void()> body;
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

struct Register {
  Register(const char* name, std::function<void()> body) { tests().push_back({name, body}); }
};

inline void that(bool truth, const char* what, const char* file, int line) {
  if (!truth)
    throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + what);
}

// |a - b| within `tolerance` of the larger of the two and 1
inline bool close(double a, double b, double tolerance) {
  return std::abs(a - b) <= tolerance * std::fmax(1.0, std::fmax(std::abs(a), std::abs(b)));
}

}  // namespace check

#define TEST(name)                                             \
  static void name();                                          \
  static const check::Register name##_registered{#name, name}; \
  static void name()
#define CHECK(truth) check::that((truth), #truth, __FILE__, __LINE__)
