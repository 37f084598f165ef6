// The pool: everything is done once, by whoever is free; a caller from inside goes on alone.
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "check.hpp"
#include "excise/base/parallel.hpp"

using namespace excise;

TEST(every_task_is_done_once) {
  const Context context{3, [] {}};
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::vector<std::atomic<int>> done(100);
    parallel_tasks(context, 100, 3, [&](Index task, const Context& inner) {
      ++done[sz(task)];
      parallel_tasks(inner, 2, 2, [&](Index, const Context&) { ++done[sz(task)]; });
    });
    for (const auto& count : done) CHECK(count == 3);
  }
}

TEST(callers_at_the_same_time_do_not_wait_for_each_other) {
  std::atomic<Index> sum{0};
  const auto caller = [&] {
    const Context context{2, [] {}};
    for (int repeat = 0; repeat < 100; ++repeat)
      parallel_tasks(context, 50, 2, [&](Index task, const Context&) { sum += task; });
  };
  std::thread other(caller);
  caller();
  other.join();
  CHECK(sum == 2 * 100 * 1225);
}

TEST(an_exception_stops_all_and_reaches_the_caller) {
  const Context context{2, [] {}};
  for (const Index bad : {0, 57}) {
    bool caught = false;
    try {
      parallel_tasks(context, 100, 2, [&](Index task, const Context& inner) {
        inner.poll();
        if (task == bad) throw std::runtime_error("bad");
      });
    } catch (const std::runtime_error&) {
      caught = true;
    }
    CHECK(caught);
  }
  int polls = 0;
  bool stopped = false;
  const Context impatient{2, [&] {
                            if (++polls > 3) throw std::runtime_error("Ctrl-C");
                          }};
  try {
    parallel_for(impatient, 1000, 1, 1e9,
                 [](Index, Index) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); });
  } catch (const std::runtime_error&) {
    stopped = true;
  }
  CHECK(stopped);
}
