#include "excise/path/separate_outputs.hpp"

#include <algorithm>

#include "excise/path/windowed_path.hpp"

namespace excise {

SeparateOutputs::SeparateOutputs(const StandardProblem& whole, const NullModel& null,
                                 std::shared_ptr<const Design> design, Index outputs) {
  const Index n = design->rows(), p = design->cols();
  const auto stretch = [](const Vec& all, Index from, Index count) {
    return Vec(all.begin() + from, all.begin() + from + count);
  };
  const auto every = [outputs, p](const Vec& all, Index from) {
    Vec some(sz(p));
    for (Index j = 0; j < p; ++j) some[sz(j)] = all[sz(j * outputs + from)];
    return some;
  };
  for (Index k = 0; k < outputs; ++k) {
    StandardProblem one;
    one.design = design;
    one.y = stretch(whole.y, k * n, n);
    one.root = stretch(whole.root, 0, n);
    one.yy = kernels().dot(one.y.data(), one.y.data(), n);
    one.penalty = {every(whole.penalty.l1, k),    every(whole.penalty.l2, k),
                   every(whole.penalty.lower, k), every(whole.penalty.upper, k),
                   every(whole.penalty.unit, k),  {}};
    one.null_loss = 0.5 * one.yy;
    problems.push_back(std::move(one));
    nulls.push_back({every(null.correlations, k), stretch(null.residual, k * n, n)});
  }
}

Start SeparateOutputs::part(const Start& start, Index output) const {
  Start some{start.alpha, {}, {}};
  for (std::size_t k = 0; k < start.support.size(); ++k)
    if (start.support[k] % count() == output) {
      some.support.push_back(start.support[k] / count());
      some.values.push_back(start.values[k]);
    }
  return some;
}

Indices SeparateOutputs::part(const Indices& features, Index output) const {
  Indices some;
  for (const Index j : features)
    if (j % count() == output) some.push_back(j / count());
  return some;
}

std::vector<PathResult> SeparateOutputs::working_set_paths(std::span<const double> alphas,
                                                           const Start* begin,
                                                           const Context& context) const {
  const Design& design = *problems.front().design;
  const Index n = design.rows(), p = design.cols();
  std::vector<std::unique_ptr<WindowedPath>> paths;
  for (Index k = 0; k < count(); ++k) {
    paths.push_back(std::make_unique<WindowedPath>(problems[sz(k)], nulls[sz(k)], alphas, context,
                                                   1.0 / static_cast<double>(count())));
    if (begin) paths.back()->start_from(part(*begin, k));
  }
  std::vector<WindowedPath*> going;
  for (const auto& path : paths) going.push_back(path.get());
  for (Vec residuals, seen;;) {
    std::erase_if(going, [](WindowedPath* path) { return !path->advance(); });
    if (going.empty()) break;
    residuals.clear();
    for (const WindowedPath* path : going)
      residuals.insert(residuals.end(), path->asks().begin(), path->asks().end());
    seen.resize(sz(p) * going.size());
    design.correlate(ConstMatrix(residuals.data(), n, ix(going.size())),
                     Matrix(seen.data(), p, ix(going.size())), context);
    for (std::size_t g = 0; g < going.size(); ++g)
      going[g]->accept(std::span(seen).subspan(g * sz(p), sz(p)));
  }
  std::vector<PathResult> results;
  for (const auto& path : paths) results.push_back(path->result());
  return results;
}

PathResult SeparateOutputs::together(std::vector<PathResult> paths) const {
  PathResult all;
  all.correlations.resize(paths.size() * paths.front().correlations.size());
  all.points.resize(paths.front().points.size());
  for (Index k = 0; k < count(); ++k) {
    const PathResult& path = paths[sz(k)];
    all.n_solves += path.n_solves;
    all.n_passes = std::max(all.n_passes, path.n_passes);  // they read together
    for (std::size_t j = 0; j < path.correlations.size(); ++j)
      all.correlations[j * paths.size() + sz(k)] = path.correlations[j];
    for (std::size_t a = 0; a < path.points.size(); ++a) {
      PathPoint& point = all.points[a];
      const PathPoint& one = path.points[a];
      point.alpha = one.alpha;
      point.rr += one.rr;
      point.converged = point.converged && one.converged;
      point.optimality.gap += one.optimality.gap;
      point.optimality.penalty += one.optimality.penalty;
      point.optimality.primal += one.optimality.primal;
      point.optimality.violation = std::max(point.optimality.violation, one.optimality.violation);
      for (const Index j : one.support) point.support.push_back(j * count() + k);
      point.values.insert(point.values.end(), one.values.begin(), one.values.end());
    }
  }
  for (PathPoint& point : all.points) {
    std::vector<std::pair<Index, double>> entries;
    for (std::size_t s = 0; s < point.support.size(); ++s)
      entries.emplace_back(point.support[s], point.values[s]);
    std::sort(entries.begin(), entries.end());
    for (std::size_t s = 0; s < entries.size(); ++s)
      std::tie(point.support[s], point.values[s]) = entries[s];
  }
  return all;
}

}  // namespace excise
