#include "excise/base/pool.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace excise {
namespace {

class Pool {
 public:
  void run(int helpers, const std::function<void(int)>& body, const std::function<void()>& idle) {
    if (taken_.exchange(true)) return body(0);
    {
      std::lock_guard lock(mutex_);
      grow_to(helpers);
      body_ = &body;
      helpers = helpers < started_ ? helpers : started_;
      open_ = running_ = helpers;
    }
    if (helpers == 1)
      wake_.notify_one();
    else
      wake_.notify_all();
    body(0);
    wait(idle);
    taken_ = false;
  }

 private:
  // Threads are never joined: they sleep until the process ends, holding nothing.
  void grow_to(int helpers) {
    try {
      for (; started_ < helpers; ++started_) std::thread([this] { serve(); }).detach();
    } catch (const std::system_error&) {  // no more threads to be had: fewer will do
    }
  }

  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return open_ > 0; });
      const int thread = open_--;
      const auto& body = *body_;
      lock.unlock();
      body(thread);
      lock.lock();
      if (--running_ == 0) done_.notify_one();
    }
  }

  void wait(const std::function<void()>& idle) {
    std::unique_lock lock(mutex_);
    running_ -= open_;  // who has not begun need not
    open_ = 0;
    while (!done_.wait_for(lock, std::chrono::milliseconds(5), [&] { return running_ == 0; })) {
      lock.unlock();
      idle();
      lock.lock();
    }
  }

  std::atomic<bool> taken_{false};
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  const std::function<void(int)>* body_ = nullptr;
  int started_ = 0, open_ = 0, running_ = 0;
};

// Never destroyed: threads may outlive static objects. A forked child has none of its parent's
// threads, and perhaps locks that nobody will open: it takes a fresh one and leaves the old.
std::atomic<Pool*> current{nullptr};

Pool& pool() {
  if (Pool* known = current) return *known;
#if defined(__unix__) || defined(__APPLE__)
  static const int registered = pthread_atfork(nullptr, nullptr, [] { current = nullptr; });
  static_cast<void>(registered);
#endif
  Pool* none = nullptr;
  auto* fresh = new Pool;
  if (current.compare_exchange_strong(none, fresh)) return *fresh;
  delete fresh;
  return *none;
}

}  // namespace

void run_with_helpers(int helpers, const std::function<void(int)>& body,
                      const std::function<void()>& idle) {
  pool().run(helpers, body, idle);
}

}  // namespace excise
