#include <algorithm>
#include <cmath>
#include <optional>

#include "excise/path/refinement.hpp"

namespace excise {

constexpr Index kTogether = 16;  // points refined at a time

PathResult gram_path(ConstMatrix gram, std::span<const double> q, const StandardProblem& problem,
                     const Asked& asked, const Context& context, const Start* start) {
  GramQuadratic quadratic(gram, q, problem.yy);
  const auto held = small_solver(quadratic, problem.penalty, problem.noise(), context.poll);
  SmallSolver& solver = *held;
  solver.grow(problem.penalty);
  Certifier certifier(problem.penalty, problem.noise());
  std::optional<ExactRefinement> refinement;
  if (!asked.shares.empty())
    refinement.emplace(problem, asked.shares, dynamic_cast<ActiveSet&>(solver), quadratic, context);
  if (start) solver.start(start->support, start->values);
  PathResult result;
  result.points.reserve(asked.alphas.size());
  Vec c;
  for (const double alpha : asked.alphas) {
    PathPoint& point = result.points.emplace_back();
    point.alpha = alpha;
    point.converged = solver.solve(alpha);  // polls
    const Vec& b = solver.coefficients();
    point.support = solver.support();
    std::erase_if(point.support, [&](Index j) { return b[sz(j)] == 0; });
    std::sort(point.support.begin(), point.support.end());
    point.values.reserve(point.support.size());
    for (const Index j : point.support) point.values.push_back(b[sz(j)]);
    point.rr = solver.residual_square();
    c = solver.correlations();
    point.optimality =
        certifier.certify(alpha, point.support, point.values, c.data(), squared_term(point.rr));
    if (!refinement) continue;
    refinement->note(point);
    const Index done = ix(result.points.size());
    if (done % kTogether == 0 || done == ix(asked.alphas.size()))
      refinement->settle((done - 1) % kTogether + 1);
  }
  result.correlations = solver.correlations();
  result.n_solves = solver.n_solves();
  if (refinement) result.refined = refinement->result();
  return result;
}

}  // namespace excise
