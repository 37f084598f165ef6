// Work sharing without a pool: threads live only inside one heavy call, so that nothing is left
// over for fork(), and every output is written by one thread in a fixed order of summation.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "excise/base/types.hpp"

namespace excise {

// What a long computation asks its surroundings: how many threads, and whether to stop.
// `poll` is called from the calling thread alone and throws to stop.
struct Context {
  int n_threads = 1;
  std::function<void()> poll = [] {};
};

// body(begin, end) over [0, count) in blocks of at most `grain`; `work` is the number of
// multiply-adds in all: small jobs stay on the calling thread.
template <class Body>
void parallel_for(const Context& context, Index count, Index grain, double work, Body&& body) {
  constexpr double kWorthAThread = 2e6;
  grain = std::max<Index>(grain, 1);
  const Index blocks = (count + grain - 1) / grain;
  const double wanted = std::min<double>({static_cast<double>(context.n_threads),
                                          work / kWorthAThread, static_cast<double>(blocks)});
  const int n_threads = std::max(1, static_cast<int>(wanted));
  std::atomic<Index> next{0};
  std::atomic<bool> stop{false};
  auto run = [&](bool leads) {
    for (Index block = next++; block < blocks && !stop; block = next++) {
      body(block * grain, std::min(count, (block + 1) * grain));
      if (leads) context.poll();
    }
  };
  if (n_threads == 1) {
    run(true);
    return;
  }
  std::vector<std::thread> helpers;
  std::vector<std::exception_ptr> failures(sz(n_threads));
  helpers.reserve(sz(n_threads));
  for (int t = 1; t < n_threads; ++t)
    helpers.emplace_back([&, t] {
      try {
        run(false);
      } catch (...) {
        failures[sz(t)] = std::current_exception();
        stop = true;
      }
    });
  try {
    run(true);
  } catch (...) {
    failures[0] = std::current_exception();
    stop = true;
  }
  for (auto& helper : helpers) helper.join();
  for (auto& f : failures)
    if (f) std::rethrow_exception(f);
}

}  // namespace excise
