#include "excise/path/refinement.hpp"

#include <algorithm>
#include <numeric>

#include "excise/path/newton_set.hpp"

namespace excise {
namespace {

constexpr double kTrusted = 1e-12;  // share of the null loss that a gap may be, or all is done anew

Indices falling(const Vec& shares) {
  Indices order(shares.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return shares[sz(a)] > shares[sz(b)]; });
  return order;
}

// The columns that are not zero, as the support of a point
void set_support(PathPoint& point, std::span<const Index> features, std::span<const double> b) {
  std::vector<std::pair<Index, double>> entries;
  for (std::size_t k = 0; k < features.size(); ++k)
    if (b[k] != 0) entries.emplace_back(features[k], b[k]);
  std::sort(entries.begin(), entries.end());
  for (const auto& [j, value] : entries) {
    point.support.push_back(j);
    point.values.push_back(value);
  }
}

}  // namespace

std::vector<const PathPoint*> judged_points(const PathResult& path) {
  std::vector<const PathPoint*> all;
  for (const auto& points : path.refined)
    for (const PathPoint& point : points) all.push_back(&point);
  for (std::size_t k = 0; path.refined.empty() && k < path.points.size(); ++k)
    all.push_back(&path.points[k]);
  return all;
}

double worst_gap(const PathResult& path) {
  double worst = 0.0;
  for (const PathPoint& point : path.points) worst = std::max(worst, point.optimality.gap);
  for (const auto& points : path.refined)
    for (const PathPoint& point : points) worst = std::max(worst, point.optimality.gap);
  return worst;
}

void Refinement::certify(PathPoint& point, std::span<const Index> columns, const double* c,
                         const DataTerm& data) {
  others_.clear();
  for (std::size_t k = 0; k < columns.size(); ++k) {
    c_[sz(columns[k])] = c[k];
    if (!std::binary_search(point.support.begin(), point.support.end(), columns[k]))
      others_.push_back(columns[k]);
  }
  point.rr = 2 * data.value;
  point.optimality = certifier_.certify(point.alpha, point.support, point.values, c_.data(), data,
                                        others_, [](Index, double) {});
}

Indices ExactRefinement::features(const Refit& refit) const {
  Indices out = refit.columns;
  for (Index& j : out) j = set_ ? set_->feature(j) : j;
  return out;
}

void ExactRefinement::note(const PathPoint&) { noted_.push_back(refit(solver_, shares_)); }

void ExactRefinement::settle(Index count) {
  std::vector<Vec> seen(sz(count));
  std::vector<Image> images;
  for (std::size_t k = 0; k < seen.size(); ++k) {
    const Refit& r = noted_[k];
    seen[k].resize(r.moves.size());
    if (r.count() > 0)
      images.push_back({r.columns,
                        {r.moves.data(), r.size(), r.count()},
                        {seen[k].data(), r.size(), r.count()}});
  }
  quadratic_.images(images);
  for (std::size_t k = 0; k < seen.size(); ++k) {
    std::vector<PathPoint> points;
    for (std::size_t s = 0; s < shares_.size(); ++s) points.push_back(point(noted_[k], s, seen[k]));
    if (std::any_of(points.begin(), points.end(), [](const auto& p) { return !p.converged; }))
      solve_anew(noted_[k], points);
    for (std::size_t s = 0; s < shares_.size(); ++s) refined_[s].push_back(std::move(points[s]));
  }
  noted_.clear();
}

PathPoint ExactRefinement::made(double strength, const Indices& features, const Vec& b,
                                const Vec& c, double rr) {
  PathPoint point;
  point.alpha = strength;
  set_support(point, features, b);
  certify(point, features, c.data(), squared_term(rr));
  point.converged = point.optimality.gap <= kTrusted * 0.5 * problem_.yy;
  return point;
}

// With c = Z'r and a move m,  |r - Z m|^2 = |r|^2 - 2 c'm + m'(Z'Z m).
PathPoint ExactRefinement::point(const Refit& refit, std::size_t share, const Vec& images) {
  Vec b = refit.b, c = refit.c;
  const auto [move, length] = refit.shares[share];
  double rr = refit.square;
  if (move >= 0) {
    const double* const m = refit.moves.data() + move * refit.size();
    const double* const seen = images.data() + move * refit.size();
    for (std::size_t k = 0; k < b.size(); ++k) {
      rr += length * m[k] * (length * seen[k] - 2 * refit.c[k]);
      c[k] -= length * seen[k];
      b[k] = length == 1 && m[k] == -refit.b[k] ? 0.0 : refit.b[k] + length * m[k];
    }
  }
  return made(shares_[share] * refit.alpha, features(refit), b, c, std::max(rr, 0.0));
}

// By the exact solver, on the Gram matrix of the columns: one share after the other.
void ExactRefinement::solve_anew(const Refit& refit, std::vector<PathPoint>& points) {
  const Index m = refit.size();
  Vec gram = refit.gram, q;
  if (gram.empty()) {
    gram.resize(sz(m * m));
    quadratic_.crosses(refit.columns, refit.columns, Matrix(gram.data(), m, m));
  }
  for (const Index j : refit.columns) q.push_back(quadratic_.target(j));
  GramQuadratic small(ConstMatrix(gram.data(), m, m), q, problem_.yy);
  const Indices own = features(refit);
  ActiveSet solver(small, problem_.penalty.of(own), problem_.noise(), context_.poll);
  Indices places;
  Vec values;
  for (std::size_t k = 0; k < refit.b.size(); ++k) {
    if (refit.b[k] == 0) continue;
    places.push_back(ix(k));
    values.push_back(refit.b[k]);
  }
  solver.start(places, values);
  for (const Index s : falling(shares_)) {
    PathPoint& old = points[sz(s)];
    if (old.converged) continue;
    const bool solved = solver.solve(shares_[sz(s)] * refit.alpha);
    PathPoint now = made(shares_[sz(s)] * refit.alpha, own, solver.coefficients(),
                         solver.correlations(), solver.residual_square());
    now.converged = solved;
    if (now.optimality.gap < old.optimality.gap) old = std::move(now);
  }
}

void NewtonRefinement::settle(Index count) {
  for (Index k = 0; k < count; ++k) fit(noted_[sz(k)]);
  noted_.clear();
}

void NewtonRefinement::fit(const PathPoint& point) {
  const Penalty& penalty = problem_.penalty;
  Indices columns = point.support;
  for (Index j = 0; j < penalty.size(); ++j) {
    const ElasticNet e = penalty.at(j, 1.0);
    const bool free = e.smooth() && e.l2 == 0 && !e.excluded();
    if (free && !std::binary_search(point.support.begin(), point.support.end(), j))
      columns.push_back(j);
  }
  std::sort(columns.begin(), columns.end());
  NewtonSet set(problem_, context_);
  set.add(columns);
  Indices slots;
  for (const Index j : point.support) slots.push_back(set.slot(j));
  set.start(slots, point.values, point.intercept);
  for (const Index s : falling(shares_)) {
    PathPoint now;
    now.alpha = shares_[sz(s)] * point.alpha;
    now.converged = set.solve(now.alpha);
    now.intercept = set.intercept();
    set_support(now, columns, set.coefficients());
    certify(now, columns, set.correlations().data(), set.data());
    refined_[sz(s)].push_back(std::move(now));
  }
}

}  // namespace excise
