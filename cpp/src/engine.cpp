#include "excise/path/engine.hpp"

#include <algorithm>
#include <cmath>

#include "excise/path/grouping.hpp"
#include "excise/path/newton_set.hpp"

namespace excise {
namespace {

// The Gram matrix pays when columns are fewer than rows and it stays small beside X; of a sparse
// table it is made from dense tiles, which must not cost more than a path on working sets.
bool gram_pays(const Design& x) {
  constexpr Index kSmall = 1000;
  constexpr double kReadings = 6000;  // multiply-adds per stored number
  const Index n = x.rows(), p = x.cols();
  if (x.sparse()) {
    const double work = static_cast<double>(n) * static_cast<double>(p) * static_cast<double>(p);
    return p <= n && p <= kSmall && work <= kReadings * static_cast<double>(x.stored());
  }
  return p <= n && (p <= kSmall || 4 * p <= n);
}

constexpr double kNothing = 2e-14;  // a correlation with y that is only rounding
constexpr Index kTiny = 64;         // columns whose Gram matrix costs less than thinking about it

Vec root_weights(const Statement& s) {
  Vec root(sz(s.n()), std::sqrt(1.0 / static_cast<double>(s.n())));
  for (std::size_t i = 0; i < s.weights.size(); ++i) root[i] = std::sqrt(s.weights[i]);
  return root;
}

// At every alpha the point with the lower objective
PathResult better(PathResult a, PathResult b) {
  const auto wins = [&](std::size_t k) {
    return a.points[k].optimality.primal < b.points[k].optimality.primal;
  };
  if (!a.points.empty() && wins(a.points.size() - 1)) std::swap(a.correlations, b.correlations);
  for (std::size_t k = 0; k < a.points.size(); ++k)
    if (wins(k)) std::swap(a.points[k], b.points[k]);
  b.n_solves += a.n_solves;
  b.n_passes += a.n_passes;
  return b;
}

// Takes the weighted mean off, one value first so that nothing cancels; returns it. Exactly 0 is
// left where all rows with weight agree.
double centre(Vec& y, const Vec& root) {
  const double pilot = y[sz(first_weighted(root))];
  double shift = 0.0;
  for (std::size_t i = 0; i < y.size(); ++i)
    if (root[i] > 0) shift += root[i] * root[i] * (y[i] -= pilot);
  for (std::size_t i = 0; i < y.size(); ++i)
    if (root[i] > 0) y[i] -= shift;
  return pilot + shift;
}

}  // namespace

double power_of_two_near(std::span<const double> values) {
  double most = 0.0;
  for (const double v : values) most = std::max(most, std::abs(v));
  int exponent = 0;
  std::frexp(most, &exponent);
  return most > 0 ? std::ldexp(1.0, exponent) : 1.0;
}

Penalty standard_penalty(const Statement& s, const Vec& divisor, double unit) {
  const std::size_t p = sz(s.p());
  Penalty out{Vec(p), Vec(p), Vec(p), Vec(p), Vec(p), {}};
  for (std::size_t j = 0; j < p; ++j) {
    const double v = s.penalty_weight[j], per = s.standardize ? 1.0 : 1.0 / divisor[j];
    const bool excluded = v == kInfinity || !(divisor[j] > 0);
    out.unit[j] = s.standardize || excluded ? 1.0 : divisor[j];
    out.l1[j] = excluded ? kInfinity : s.l1_ratio * v * per;
    out.l2[j] = excluded ? 0.0 : (1.0 - s.l1_ratio) * v * per * per * unit;
    out.lower[j] =
        s.lower[j] == 0 || excluded ? std::min(0.0, s.lower[j]) : s.lower[j] * divisor[j] / unit;
    out.upper[j] =
        s.upper[j] == 0 || excluded ? std::max(0.0, s.upper[j]) : s.upper[j] * divisor[j] / unit;
  }
  return out;
}

Engine::Engine(Statement statement, Moments moments, Context context,
               std::shared_ptr<SharedColumns> shared)
    : statement_(std::move(statement)), context_(std::move(context)) {
  settle_groups(statement_);
  const Index p = statement_.p();
  scaling_.mean.assign(sz(p), 0.0);
  scaling_.scale.resize(sz(p));
  for (std::size_t j = 0; j < sz(p); ++j) {
    if (statement_.fit_intercept) scaling_.mean[j] = moments.mean[j];
    const double about = statement_.fit_intercept ? 0.0 : moments.mean[j];
    scaling_.scale[j] = std::sqrt(moments.variance[j] + about * about);
  }
  Vec root = root_weights(statement_);
  problem_.root = root;
  statement_.loss ? set_loss() : set_target();
  scaling_.divisor = inner_divisor(statement_, scaling_.scale);
  problem_.penalty = standard_penalty(statement_, scaling_.divisor, unit_);
  problem_.penalty.groups = inner_groups(statement_, scaling_.scale, scaling_.divisor);
  problem_.design = design_ = std::make_shared<Standardized>(
      statement_.design, scaling_.mean, scaling_.divisor, std::move(root), std::move(shared));
  uses_gram_ = !statement_.loss && !statement_.grouped() && gram_pays(*statement_.design);
  if (statement_.loss) set_null_loss();
}

// The squared loss: y centred, in units of `unit`, times the roots of the weights.
void Engine::set_target() {
  const Vec& root = problem_.root;
  Vec y = statement_.y;
  for (std::size_t i = 0; i < y.size(); ++i)
    if (root[i] == 0) y[i] = 0.0;  // a row without weight may hold anything
  if (statement_.fit_intercept) null_intercept_ = scaling_.y_mean = centre(y, root);
  unit_ = power_of_two_near(y);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = y[i] / unit_ * root[i];
  problem_.yy = kernels().dot(y.data(), y.data(), statement_.n());
  problem_.null_loss = 0.5 * problem_.yy;
  problem_.y = std::move(y);
}

// Another loss: y as it is.
void Engine::set_loss() {
  problem_.loss = statement_.loss;
  problem_.offset = statement_.offset;
  problem_.tol = statement_.tol;
  problem_.fit_intercept = statement_.fit_intercept && statement_.loss->has_intercept();
  problem_.y = statement_.y;
  problem_.yy = 1.0;
  for (std::size_t i = 0; i < problem_.y.size(); ++i) {
    double& y = problem_.y[i];
    if (problem_.root[i] == 0) y = 1.0;  // a row without weight may hold anything
    problem_.yy += problem_.root[i] * problem_.root[i] * y * y;
  }
}

// The loss of the best intercept alone, and the size of what its slopes are made of.
void Engine::set_null_loss() {
  NewtonSet alone(problem_, context_);
  alone.solve(0.0);
  problem_.null_loss = alone.data().value;
  null_intercept_ = alone.intercept();
  problem_.yy = alone.square_size();
}

void Engine::start() {
  if (std::exchange(started_, true)) return;
  if (uses_gram_ && (statement_.p() <= kTiny || statement_.design->streamed())) need_gram();
  const bool known = !gram_.empty() && !problem_.penalty.has_free();
  null_ = known ? NullModel{q_, problem_.y} : null_model(problem_, context_);
  const double nothing = kNothing * std::sqrt(problem_.yy);
  for (double& c : null_.correlations) c = std::abs(c) > nothing ? c : 0.0;
  alpha_max_ = Certifier(problem_.penalty, problem_.noise()).alpha_max(null_.correlations.data());
}

double Engine::top_gradient() const {
  const Penalty& penalty = problem_.penalty;
  double most = 0.0;
  Vec seen;
  for (Index g = 0; g < penalty.groups.count(); ++g) {
    const auto members = penalty.groups[g];
    const std::size_t first = sz(members.front());
    const double weight = statement_.penalty_weight[first] / penalty.unit[first];
    const auto c = gathered(members, null_.correlations.data(), seen);
    if (weight > 0) most = std::max(most, penalty.group(g, 1.0).zero_threshold(c) / weight);
  }
  for (Index j = 0; j < statement_.p() && !penalty.grouped(); ++j) {
    const ElasticNet e = penalty.at(j, 1.0);
    const double weight = statement_.penalty_weight[sz(j)] / penalty.unit[sz(j)];
    if (!e.excluded() && weight > 0)
      most = std::max(most, e.zero_threshold(null_.correlations[sz(j)]) / weight);
  }
  return most * unit_;
}

double Engine::grid_top() const {
  constexpr double kLeastRatio = 1e-3;
  const double top = top_gradient();
  if (top == 0) return 0.0;
  // A ridge does not know the scale of y: correlations of unit-length columns with unit-length y
  if (statement_.l1_ratio == 0) return top / (std::sqrt(problem_.yy) * unit_) / kLeastRatio;
  return top / std::max(statement_.l1_ratio, kLeastRatio);
}

void Engine::need_gram() {
  if (!gram_.empty()) return;
  const Index n = statement_.n(), p = statement_.p();
  gram_.assign(sz(p * p), 0.0);
  q_.assign(sz(p), 0.0);
  cross_products(*problem_.design, ConstMatrix(problem_.y.data(), n, 1), Matrix(gram_.data(), p, p),
                 Matrix(q_.data(), p, 1), context_);
}

bool Engine::is_plain_ridge() const {
  const Penalty& penalty = problem_.penalty;
  for (Index j = 0; j < penalty.size(); ++j) {
    const ElasticNet e = penalty.at(j, 1.0);
    if (!e.excluded() && (e.l1 > 0 || e.lower > -kInfinity || e.upper < kInfinity)) return false;
  }
  return statement_.l1_ratio == 0 && !statement_.loss;
}

// Whether a path made by a short cut may stand; else it is done again on working sets.
bool Engine::trusted(const PathResult& result) const {
  constexpr double kTrusted = 1e-12;
  return std::all_of(result.points.begin(), result.points.end(), [&](const PathPoint& point) {
    return point.converged && point.optimality.gap <= kTrusted * 0.5 * problem_.yy;
  });
}

PathResult Engine::path(std::span<const double> alphas, const Start* begin) {
  start();
  const Vec known_alphas = std::exchange(known_alphas_, {});
  PathResult known = std::exchange(known_, {});
  if (!begin && std::equal(alphas.begin(), alphas.end(), known_alphas.begin(), known_alphas.end()))
    return known;
  Vec scaled(alphas.begin(), alphas.end());
  for (double& a : scaled) a /= unit_;
  const bool ridge = is_plain_ridge();
  // A Gram matrix costs about p / 8 readings of X: too much for a few alphas
  const bool few = gram_.empty() && !ridge && 8 * ix(alphas.size()) < statement_.p();
  if (uses_gram_ ? few : !ridge) return working_set_path(problem_, null_, scaled, context_, begin);
  if (uses_gram_) need_gram();
  PathResult quick = uses_gram_ ? gram_path(gram(), q_, problem_.yy, problem_.penalty, scaled,
                                            problem_.noise(), context_, begin)
                                : ridge_path(problem_, scaled, context_);
  // Too large for n x n numbers is too large for working sets of all columns.
  const bool last_word = !uses_gram_ && statement_.n() > kMostDirectRows;
  if (last_word || trusted(quick)) return quick;
  return better(std::move(quick), working_set_path(problem_, null_, scaled, context_, begin));
}

std::vector<Event> Engine::events(double last, const Indices& candidates) {
  start();
  const double end = last / unit_;
  std::vector<Event> found;
  if (!(end < alpha_max_)) return found;
  if (uses_gram_) need_gram();
  found = uses_gram_ ? gram_events(gram(), q_, problem_.yy, problem_.penalty, alpha_max_, end,
                                   problem_.noise(), context_)
                     : working_set_events(problem_, candidates, alpha_max_, end, context_);
  for (Event& e : found) e.alpha *= unit_;
  return found;
}

}  // namespace excise
