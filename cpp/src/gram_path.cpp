#include <algorithm>
#include <cmath>

#include "excise/path/path.hpp"

namespace excise {

PathResult gram_path(ConstMatrix gram, std::span<const double> q, double yy, const Penalty& penalty,
                     std::span<const double> alphas, double noise, const Context& context,
                     const Start* start) {
  GramQuadratic quadratic(gram, q, yy);
  const auto held = small_solver(quadratic, penalty, noise, context.poll);
  SmallSolver& solver = *held;
  solver.grow(penalty);
  Certifier certifier(penalty, noise);
  if (start) solver.start(start->support, start->values);
  PathResult result;
  result.points.reserve(alphas.size());
  Vec c;
  for (const double alpha : alphas) {
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
  }
  result.correlations = solver.correlations();
  result.n_solves = solver.n_solves();
  return result;
}

}  // namespace excise
