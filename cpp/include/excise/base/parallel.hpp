// Work sharing: every output is written by one thread in a fixed order of summation, so that the
// number of threads changes no bit.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <stdexcept>
#include <vector>

#include "excise/base/pool.hpp"
#include "excise/base/types.hpp"

namespace excise {

// What a long computation asks its surroundings: how many threads, and whether to stop.
// `poll` throws to stop; one that may only be called from the user's thread stays there.
struct Context {
  int n_threads = 1;
  std::function<void()> poll = [] {};
};
inline const Context kAlone;  // one thread, never stopped

// Another thread failed or was interrupted: its exception is the one that counts.
struct Cancelled : std::runtime_error {
  Cancelled() : std::runtime_error("cancelled") {}
};

// body(task, inner) for every task in [0, count), shared out one by one; `inner` is the context
// of the thread that runs it: a single thread, and a poll that may be called there.
template <class Body>
void parallel_tasks(const Context& context, Index count, int n_threads, Body&& body) {
  if (n_threads <= 1 || count <= 1) {
    const Context inner{1, context.poll};
    for (Index task = 0; task < count; ++task) body(task, inner);
    return;
  }
  std::atomic<Index> next{0};
  std::atomic<bool> stop{false};
  std::vector<std::exception_ptr> failures(sz(n_threads));
  const auto run = [&](int thread, const Context& inner) {
    try {
      for (Index task = next++; task < count && !stop; task = next++) body(task, inner);
    } catch (const Cancelled&) {
    } catch (...) {
      failures[sz(thread)] = std::current_exception();
      stop = true;
    }
  };
  const auto watch = [&] {
    if (stop) throw Cancelled();
    context.poll();
  };
  const auto obey = [&] {
    if (stop) throw Cancelled();
  };
  run_with_helpers(
      n_threads - 1,
      [&](int thread) {
        if (thread == 0)
          run(0, {1, watch});
        else
          run(thread, {1, obey});
      },
      [&] {  // the user's thread has nothing left to do, but Ctrl-C still comes here
        if (stop) return;
        try {
          context.poll();
        } catch (...) {
          failures[0] = std::current_exception();
          stop = true;
        }
      });
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

// body(begin, end) over [0, count) in blocks of at most `grain`; `work` is the number of
// multiply-adds in all: small jobs stay on the calling thread.
template <class Body>
void parallel_for(const Context& context, Index count, Index grain, double work, Body&& body) {
  constexpr double kWorthAThread = 2e6;
  const Index blocks = (count + grain - 1) / grain;
  const double wanted = std::min(static_cast<double>(context.n_threads), work / kWorthAThread);
  parallel_tasks(context, blocks, static_cast<int>(wanted), [&](Index block, const Context& inner) {
    inner.poll();
    body(block * grain, std::min(count, (block + 1) * grain));
  });
}

}  // namespace excise
