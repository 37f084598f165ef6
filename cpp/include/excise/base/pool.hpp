// One pool of threads for the whole process. It starts its threads when they are first wanted,
// keeps them asleep in between, and a forked child begins with a pool of its own.
#pragma once

#include <functional>

namespace excise {

// Runs `body(0)` here and `body(1 .. helpers)` on pool threads that are free; returns when all that
// began have ended. Whoever finds the pool taken (by another thread of the user's, or because it is
// called from inside) goes on alone. Bodies share work out among themselves, so none is needed.
// `idle` is called every few milliseconds while waiting for the others. Neither may throw.
void run_with_helpers(int helpers, const std::function<void(int)>& body,
                      const std::function<void()>& idle);

}  // namespace excise
