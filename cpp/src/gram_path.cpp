#include <algorithm>
#include <cmath>

#include "excise/path/path.hpp"

namespace excise {

PathResult gram_path(ConstMatrix gram, std::span<const double> q, double yy, const Penalty& penalty,
                     std::span<const double> alphas, double noise, const Context& context,
                     const Start* start) {
  GramQuadratic quadratic(gram, q, yy);
  ActiveSet solver(quadratic, penalty, noise, context.poll);
  Certifier certifier(penalty, noise);
  if (start) solver.start(start->support, start->values);
  PathResult result;
  result.points.reserve(alphas.size());
  for (const double alpha : alphas) {
    context.poll();
    PathPoint point;
    point.alpha = alpha;
    point.converged = solver.solve(alpha);
    point.support = solver.support();
    std::sort(point.support.begin(), point.support.end());
    std::erase_if(point.support, [&](Index j) { return solver.coefficients()[sz(j)] == 0; });
    for (const Index j : point.support) point.values.push_back(solver.coefficients()[sz(j)]);
    point.rr = solver.residual_square();
    Vec c = solver.correlations();
    point.optimality = certifier.certify(alpha, point.support, point.values, c.data(),
                                         squared_term(point.rr));
    result.points.push_back(std::move(point));
  }
  result.correlations = solver.correlations();
  result.n_solves = solver.n_solves();
  return result;
}

}  // namespace excise
