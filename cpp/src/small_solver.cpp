#include "excise/solve/active_set.hpp"
#include "excise/solve/concave_descent.hpp"
#include "excise/solve/group_descent.hpp"

namespace excise {

std::unique_ptr<SmallSolver> small_solver(Quadratic& quadratic, const Penalty& penalty,
                                          double noise, std::function<void()> poll) {
  if (penalty.concave) return std::make_unique<ConcaveDescent>(quadratic, noise, std::move(poll));
  if (penalty.grouped()) return std::make_unique<GroupDescent>(quadratic, noise, std::move(poll));
  return std::make_unique<ActiveSet>(quadratic, Penalty{}, noise, std::move(poll));
}

}  // namespace excise
