#include "excise/path/report.hpp"

#include <cmath>

namespace excise {
namespace {

// A coefficient that rests at a bound is reported as that bound, without rounding.
double at_bound(double coef, double bound) {
  constexpr double kRounding = 8 * std::numeric_limits<double>::epsilon();
  const bool rests = std::isfinite(bound) && std::abs(coef - bound) <= kRounding * std::abs(bound);
  return rests ? bound : coef;
}

}  // namespace

Report report(const Engine& engine, const Vec& centre, PathResult& result) {
  const double unit = engine.unit(), null = engine.problem().null_loss;
  const Index n_coefficients = engine.n_coefficients(), outputs = engine.statement().outputs;
  const Scaling& scaling = engine.scaling();
  const Statement& stated = engine.statement();
  const bool no_intercept = stated.loss && !stated.loss->has_intercept();
  Report out;
  out.finite = std::isfinite(engine.null_loss());
  std::size_t stored = 0;
  for (const PathPoint& point : result.points) stored += point.support.size();
  out.indices.reserve(stored);
  for (Vec* v : {&out.coef, &out.coef_std}) v->reserve(stored);
  out.indptr.reserve(result.points.size() + 1);
  for (Vec* v : {&out.intercepts, &out.relative_gaps, &out.violations, &out.losses})
    v->reserve(result.points.size());
  for (const PathPoint& point : result.points) {
    Vec centres(sz(outputs));
    for (std::size_t k = 0; k < point.support.size(); ++k) {
      if (point.support[k] >= n_coefficients) continue;  // an intercept
      const std::size_t j = sz(point.support[k] / outputs);
      const double standard = point.values[k] * unit;
      const double coef =
          at_bound(at_bound(standard / scaling.divisor[j], stated.lower[j]), stated.upper[j]);
      out.indices.push_back(point.support[k]);
      out.coef.push_back(coef);
      out.coef_std.push_back(standard * scaling.length(ix(j)));
      centres[sz(point.support[k] % outputs)] += centre[j] * coef;
      out.finite &= std::isfinite(coef);
    }
    out.indptr.push_back(ix(out.indices.size()));
    Vec intercepts = engine.intercepts(&point);
    for (std::size_t k = 0; k < intercepts.size(); ++k)
      intercepts[k] = no_intercept ? 0.0 : intercepts[k] - centres[k];
    engine.fix_constant(intercepts);
    out.intercepts.insert(out.intercepts.end(), intercepts.begin(), intercepts.end());
    out.relative_gaps.push_back(null > 0 ? point.optimality.gap / null : 0.0);
    out.violations.push_back(point.optimality.violation * unit);
    out.losses.push_back(0.5 * point.rr * unit * unit);
  }
  out.correlations = std::move(result.correlations);
  out.correlations.resize(sz(n_coefficients));
  for (Index j = 0; j < n_coefficients; ++j)
    out.correlations[sz(j)] *= unit / scaling.length(j / outputs);
  return out;
}

}  // namespace excise
