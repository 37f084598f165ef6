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

PathPoint Refinement::made(double strength, std::span<const Index> features, const Vec& b,
                           const Vec& c, const DataTerm& data) {
  PathPoint point;
  point.alpha = strength;
  point.rr = 2 * data.value;
  point.support.reserve(features.size());
  point.values.reserve(features.size());
  others_.clear();
  for (std::size_t k = 0; k < features.size(); ++k) {
    seen_[sz(features[k])] = c[k];
    if (b[k] == 0) {
      others_.push_back(features[k]);
      continue;
    }
    point.support.push_back(features[k]);
    point.values.push_back(b[k]);
  }
  point.optimality = certifier_.certify(strength, point.support, point.values, seen_.data(), data,
                                        others_, [](Index, double) {});
  return point;
}

void ExactRefinement::note(const PathPoint&) { noted_.push_back(refitter_.at(solver_)); }

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
    const Refit& r = noted_[k];
    places_.resize(r.columns.size());
    std::iota(places_.begin(), places_.end(), Index{0});
    const auto feature = [&](Index place) {
      const Index j = r.columns[sz(place)];
      return set_ ? set_->feature(j) : j;
    };
    std::sort(places_.begin(), places_.end(),
              [&](Index a, Index b) { return feature(a) < feature(b); });
    features_.clear();
    for (const Index place : places_) features_.push_back(feature(place));
    std::vector<PathPoint> points;
    for (std::size_t s = 0; s < shares_.size(); ++s) points.push_back(point(r, s, seen[k]));
    if (std::any_of(points.begin(), points.end(), [](const auto& p) { return !p.converged; }))
      solve_anew(r, points);
    for (std::size_t s = 0; s < shares_.size(); ++s) refined_[s].push_back(std::move(points[s]));
  }
  noted_.clear();
}

PathPoint ExactRefinement::judged(double strength, const Vec& b, const Vec& c, double rr) {
  PathPoint point = made(strength, features_, b, c, squared_term(rr));
  point.converged = point.optimality.gap <= kTrusted * 0.5 * problem_.yy;
  return point;
}

// With c = Z'r and a move m,  |r - Z m|^2 = |r|^2 - 2 c'm + m'(Z'Z m).
PathPoint ExactRefinement::point(const Refit& refit, std::size_t share, const Vec& images) {
  const auto [move, length] = refit.shares[share];
  const double* const m = refit.moves.data() + move * refit.size();
  const double* const seen = images.data() + move * refit.size();
  double rr = refit.square;
  b_.clear();
  c_.clear();
  for (const Index place : places_) {
    const std::size_t k = sz(place);
    b_.push_back(refit.b[k]);
    c_.push_back(refit.c[k]);
    if (move < 0) continue;
    rr += length * m[k] * (length * seen[k] - 2 * refit.c[k]);
    b_.back() += length * m[k];
    c_.back() -= length * seen[k];
  }
  return judged(shares_[share] * refit.alpha, b_, c_, std::max(rr, 0.0));
}

// By the exact solver, on the Gram matrix of the columns: one share after the other.
void ExactRefinement::solve_anew(const Refit& refit, std::vector<PathPoint>& points) {
  const Index m = refit.size();
  Vec gram = refit.gram, q, values;
  if (gram.empty()) {
    gram.resize(sz(m * m));
    quadratic_.crosses(refit.columns, refit.columns, Matrix(gram.data(), m, m));
  }
  Vec ordered(gram.size());
  Indices begun;
  for (Index k = 0; k < m; ++k) {
    const Index place = places_[sz(k)];
    for (Index i = 0; i < m; ++i) ordered[sz(i + k * m)] = gram[sz(places_[sz(i)] + place * m)];
    q.push_back(quadratic_.target(refit.columns[sz(place)]));
    if (refit.b[sz(place)] == 0) continue;
    begun.push_back(k);
    values.push_back(refit.b[sz(place)]);
  }
  GramQuadratic small(ConstMatrix(ordered.data(), m, m), q, problem_.yy);
  ActiveSet solver(small, problem_.penalty.of(features_), problem_.noise(), context_.poll);
  solver.start(begun, values);
  for (const Index s : falling(shares_)) {
    PathPoint& old = points[sz(s)];
    if (old.converged) continue;
    const double strength = shares_[sz(s)] * refit.alpha;
    const bool solved = solver.solve(strength);
    PathPoint now =
        judged(strength, solver.coefficients(), solver.correlations(), solver.residual_square());
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
  for (std::size_t share = 0; share < shares_.size(); ++share) {
    NewtonSet set(problem_, context_);  // anew: what a share gives does not depend on the others
    set.add(columns);
    Indices slots;
    for (const Index j : point.support) slots.push_back(set.slot(j));
    set.start(slots, point.values);
    const double strength = shares_[share] * point.alpha;
    set.solve(strength);
    const bool solved = set.solve(strength);
    PathPoint now = made(strength, columns, set.coefficients(), set.correlations(), set.data());
    now.converged = solved;
    now.intercept = set.intercept();
    refined_[share].push_back(std::move(now));
  }
}

}  // namespace excise
