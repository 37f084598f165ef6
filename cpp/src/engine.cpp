#include "excise/path/engine.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "excise/design/outputs.hpp"
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

constexpr double kNearlyExact =
    1e-12;                          // a gap to which the squared loss is solved whatever is asked
constexpr double kNothing = 2e-14;  // a correlation with y that is only rounding
constexpr Index kTiny = 64;         // columns whose Gram matrix costs less than thinking about it

Vec root_weights(const Statement& s) {
  Vec root(sz(s.n()), std::sqrt(1.0 / static_cast<double>(s.n())));
  for (std::size_t i = 0; i < s.weights.size(); ++i) root[i] = std::sqrt(s.weights[i]);
  return root;
}

// Whether a path made by a short cut may stand; else it is done again on working sets.
bool trusted(const PathResult& result, double yy) {
  constexpr double kTrusted = 1e-12;
  return std::all_of(result.points.begin(), result.points.end(), [&](const PathPoint& point) {
    return point.converged && point.optimality.gap <= kTrusted * 0.5 * yy;
  });
}

// At every alpha the point with the lower objective
PathResult better(PathResult a, PathResult b) {
  const auto wins = [&](std::size_t k) {
    return a.points[k].optimality.primal < b.points[k].optimality.primal;
  };
  if (!a.points.empty() && wins(a.points.size() - 1)) std::swap(a.correlations, b.correlations);
  for (std::size_t k = 0; k < a.points.size(); ++k) {
    if (!wins(k)) continue;
    for (std::size_t s = 0; s < a.refined.size(); ++s) std::swap(a.refined[s][k], b.refined[s][k]);
    std::swap(a.points[k], b.points[k]);
  }
  b.n_solves += a.n_solves;
  b.n_passes += a.n_passes;
  return b;
}

// Takes the weighted mean off, one value first so that nothing cancels; returns it. Exactly 0 is
// left where all rows with weight agree.
double centre(std::span<double> y, std::span<const double> root) {
  const double pilot = y[sz(first_weighted(root))];
  double shift = 0.0;
  for (std::size_t i = 0; i < y.size(); ++i)
    if (root[i] > 0) shift += root[i] * root[i] * (y[i] -= pilot);
  for (std::size_t i = 0; i < y.size(); ++i)
    if (root[i] > 0) y[i] -= shift;
  return pilot + shift;
}

Vec repeated(const Vec& v, Index count) {
  Vec all;
  for (Index k = 0; k < count; ++k) all.insert(all.end(), v.begin(), v.end());
  return all;
}

// The penalty of each feature in every output, and of intercepts behind them
Penalty for_outputs(const Penalty& one, Index outputs, Index intercepts) {
  Penalty all;
  for (const auto& [v, of_intercept] : {std::pair{&Penalty::l1, 0.0},
                                        {&Penalty::l2, 0.0},
                                        {&Penalty::lower, -kInfinity},
                                        {&Penalty::upper, kInfinity},
                                        {&Penalty::unit, 1.0},
                                        {&Penalty::own, 0.0}}) {
    for (const double value : one.*v) (all.*v).insert((all.*v).end(), sz(outputs), value);
    if (!(one.*v).empty()) (all.*v).insert((all.*v).end(), sz(intercepts), of_intercept);
  }
  all.intercepts = intercepts;
  return all;
}

// What a concave penalty stated on b becomes for b divisor / unit, the objective over unit^2
void bend(const Statement& s, double divisor, double unit, std::size_t j, Penalty& out) {
  out.width.resize(out.l1.size(), 1.0);
  if (s.concave.proportional()) out.width[j] = divisor * divisor;
  if (s.concave.curve == Curve::Log) out.width[j] = divisor / unit;
  if (s.concave.curve == Curve::Lq && out.l1[j] < kInfinity)
    out.l1[j] = s.penalty_weight[j] * std::pow(unit, s.concave.shape - 1) *
                std::pow(divisor, -s.concave.shape);
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
  out.concave = s.concave;
  if (s.l1_share > 0) out.own.resize(p);
  const Vec of_group = group_weights(s), of_ridge = ridge_weights(s);
  for (std::size_t j = 0; j < p; ++j) {
    const double v = s.penalty_weight[j], per = s.standardize ? 1.0 : 1.0 / divisor[j];
    const bool excluded = v == kInfinity || !(divisor[j] > 0);
    out.unit[j] = s.standardize || excluded ? 1.0 : divisor[j];
    out.l1[j] = excluded ? kInfinity : s.l1_ratio * (1.0 - s.l1_share) * of_group[j] * v * per;
    out.l2[j] = excluded ? 0.0 : (1.0 - s.l1_ratio) * of_ridge[j] * v * per * per * unit;
    if (s.l1_share > 0) out.own[j] = excluded ? 0.0 : s.l1_ratio * s.l1_share * v * per;
    out.lower[j] =
        s.lower[j] == 0 || excluded ? std::min(0.0, s.lower[j]) : s.lower[j] * divisor[j] / unit;
    out.upper[j] =
        s.upper[j] == 0 || excluded ? std::max(0.0, s.upper[j]) : s.upper[j] * divisor[j] / unit;
    if (s.concave) bend(s, s.standardize || excluded ? 1.0 : divisor[j], unit, j, out);
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
  const Index outputs = statement_.outputs;
  null_intercepts_.assign(sz(outputs), 0.0);
  problem_.root = repeated(root, outputs);
  statement_.loss ? set_loss() : set_target();
  scaling_.divisor = inner_divisor(statement_, scaling_.scale);
  problem_.penalty = standard_penalty(statement_, scaling_.divisor, unit_);
  problem_.design = design_ = std::make_shared<Standardized>(
      statement_.design, scaling_.mean, scaling_.divisor, root, std::move(shared));
  uses_gram_ = !statement_.loss && !statement_.grouped() && gram_pays(*statement_.design);
  if (outputs > 1) {
    if (std::exchange(problem_.fit_intercept, false)) choose_intercepts();
    problem_.penalty = for_outputs(problem_.penalty, outputs, ix(with_intercept_.size()));
    problem_.design = std::make_shared<Outputs>(design_, std::move(root), outputs, with_intercept_);
  }
  problem_.penalty.groups = inner_groups(statement_, scaling_, problem_.penalty.intercepts);
  if (statement_.loss) outputs > 1 ? set_null_losses() : set_null_loss();
}

// The squared loss: y centred, in units of `unit`, times the roots of the weights.
void Engine::set_target() {
  const Vec& root = problem_.root;
  Vec y = statement_.y;
  for (std::size_t i = 0; i < y.size(); ++i)
    if (root[i] == 0) y[i] = 0.0;  // a row without weight may hold anything
  const std::size_t n = sz(statement_.n());
  for (std::size_t k = 0; statement_.fit_intercept && k < null_intercepts_.size(); ++k)
    null_intercepts_[k] = centre(std::span(y).subspan(k * n, n), std::span(root).first(n));
  scaling_.y_mean = null_intercepts_.front();
  unit_ = power_of_two_near(y);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = y[i] / unit_ * root[i];
  problem_.yy = kernels().dot(y.data(), y.data(), ix(y.size()));
  problem_.null_loss = 0.5 * problem_.yy;
  problem_.tol = std::min(statement_.tol, kNearlyExact);
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
  null_intercepts_.front() = alone.intercept();
  problem_.yy = alone.square_size();
}

// A constant in every output changes nothing, so that one output needs no intercept; that of a
// class which no row has would go down for ever, and stays where set_null_losses() puts it.
void Engine::choose_intercepts() {
  const std::size_t n = sz(statement_.n());
  for (Index k = 0; k < statement_.outputs; ++k) {
    double share = 0.0;
    for (std::size_t i = 0, at = sz(k) * n; i < n; ++i, ++at)
      share += problem_.root[i] * problem_.root[i] * problem_.y[at];
    if (share > 0) with_intercept_.push_back(k);
  }
  if (!with_intercept_.empty()) with_intercept_.pop_back();
}

// The same for several outputs. Intercepts of the null model go into the offset, so that those of
// the columns count from there.
void Engine::set_null_losses() {
  constexpr double kLeast = 1e-15;  // what a class that no row has may take of a row
  const Index n = statement_.n(), outputs = statement_.outputs;
  const double* const root = problem_.root.data();
  const auto shift = [&](Index k, double by) {
    null_intercepts_[sz(k)] += by;
    for (Index i = 0; i < n; ++i) problem_.offset[sz(k * n + i)] += by;
  };
  const bool fit_intercept = statement_.fit_intercept && statement_.loss->has_intercept();
  if (fit_intercept) problem_.offset.resize(sz(n * outputs));
  Vec peak(sz(n), -kInfinity);
  Indices unseen;
  for (Index k = 0; fit_intercept && k < outputs; ++k) {
    double share = 0.0, offset = 0.0;
    for (Index i = 0; i < n; ++i) {
      share += root[i] * root[i] * problem_.y[sz(k * n + i)];
      offset += root[i] * root[i] * problem_.offset[sz(k * n + i)];
    }
    if (!(share > 0)) {
      unseen.push_back(k);
      continue;
    }
    shift(k, std::log(share) - offset);  // right where the offset is constant
    for (Index i = 0; i < n; ++i)
      peak[sz(i)] = std::max(peak[sz(i)], problem_.offset[sz(k * n + i)]);
  }
  for (const Index k : unseen) {
    double ahead = -kInfinity;
    for (Index i = 0; i < n; ++i)
      if (root[i] > 0) ahead = std::max(ahead, problem_.offset[sz(k * n + i)] - peak[sz(i)]);
    shift(k, std::log(kLeast) - ahead);
  }
  NewtonSet alone(problem_, context_);
  Indices columns;
  for (std::size_t k = 0; k < with_intercept_.size(); ++k)
    columns.push_back(n_coefficients() + ix(k));
  alone.add(columns);
  alone.solve(0.0);
  problem_.null_loss = alone.data().value;
  problem_.yy = alone.square_size();
  for (std::size_t k = 0; k < with_intercept_.size(); ++k)
    shift(with_intercept_[k], alone.coefficients()[k]);
}

void Engine::start() {
  if (std::exchange(started_, true)) return;
  if (uses_gram_ && (statement_.p() <= kTiny || statement_.design->streamed())) need_gram();
  const bool known = !gram_.empty() && !problem_.penalty.has_free();
  if (known) {
    const Index p = statement_.p(), outputs = statement_.outputs;
    null_ = {q_, problem_.y};
    for (Index j = 0; j < p; ++j)
      for (Index k = 0; k < outputs; ++k)
        null_.correlations[sz(j * outputs + k)] = q_[sz(j + k * p)];
  } else {
    null_ = null_model(problem_, context_);
  }
  const double nothing = kNothing * std::sqrt(problem_.yy);
  for (double& c : null_.correlations) c = std::abs(c) > nothing ? c : 0.0;
  alpha_max_ = Certifier(problem_.penalty, problem_.noise()).alpha_max(null_.correlations.data());
}

double Engine::top_gradient() const {
  const Penalty& penalty = problem_.penalty;
  const auto stated_weight = [&](Index j) {
    return statement_.penalty_weight[sz(j / statement_.outputs)] / penalty.unit[sz(j)];
  };
  double most = 0.0;
  Vec seen;
  for (Index g = 0; g < penalty.groups.count(); ++g) {
    const GroupNet net =
        penalty.group(g, statement_.l1_ratio > 0 ? 1.0 / statement_.l1_ratio : 1.0);
    if (!net.smooth())
      most = std::max(
          most, 1.0 / net.widest(gathered(penalty.groups[g], null_.correlations.data(), seen)));
  }
  for (Index j = 0; j < n_coefficients() && !penalty.grouped(); ++j) {
    const ElasticNet e = penalty.at(j, 1.0);
    const double weight = stated_weight(j);
    if (!e.excluded() && weight > 0)
      most = std::max(most, e.zero_threshold(null_.correlations[sz(j)]) / weight);
  }
  return most * unit_;
}

double Engine::grid_top() const {
  constexpr double kLeastRatio = 1e-3;
  const double top = top_gradient();
  if (top == 0) return 0.0;
  if (statement_.concave) return alpha_max();
  // A ridge does not know the scale of y: correlations of unit-length columns with unit-length y
  if (statement_.l1_ratio == 0) return top / (std::sqrt(problem_.yy) * unit_) / kLeastRatio;
  return top / std::max(statement_.l1_ratio, kLeastRatio);
}

void Engine::need_gram() {
  if (!gram_.empty()) return;
  const Index n = statement_.n(), p = statement_.p();
  gram_.assign(sz(p * p), 0.0);
  q_.assign(sz(n_coefficients()), 0.0);
  cross_products(*design_, ConstMatrix(problem_.y.data(), n, statement_.outputs),
                 Matrix(gram_.data(), p, p), Matrix(q_.data(), p, statement_.outputs), context_);
}

bool Engine::is_plain_ridge() const {
  const Penalty& penalty = problem_.penalty;
  for (Index j = 0; j < penalty.size(); ++j) {
    const ElasticNet e = penalty.at(j, 1.0);
    if (!e.excluded() && (e.l1 > 0 || e.lower > -kInfinity || e.upper < kInfinity)) return false;
  }
  return statement_.l1_ratio == 0 && !statement_.loss;
}

Vec Engine::intercepts(const PathPoint* point) const {
  Vec all = null_intercepts_;
  if (all.size() == 1) {
    if (point) all.front() = scaling_.y_mean + point->intercept;
    return all;
  }
  for (std::size_t k = 0; point && k < point->support.size(); ++k)
    if (const Index j = point->support[k]; problem_.penalty.is_intercept(j))
      all[sz(with_intercept_[sz(j - n_coefficients())])] += point->values[k];
  return all;
}

void Engine::fix_constant(Vec& intercepts) const {
  if (intercepts.size() == 1 || !statement_.loss || !statement_.fit_intercept) return;
  double mean = 0.0;
  for (const double a : intercepts) mean += a / static_cast<double>(intercepts.size());
  for (double& a : intercepts) a -= mean;
}

// Where the Gram matrix does not pay, or costs too much for a few alphas: about p / 8 readings of
// X.
bool Engine::prefers_working_sets(std::size_t n_alphas) const {
  const bool ridge = is_plain_ridge();
  const bool few = gram_.empty() && !ridge && 8 * ix(n_alphas) < statement_.p();
  return uses_gram_ ? few : !ridge;
}

PathResult Engine::path(const Asked& asked, const Start* begin) {
  const auto [alphas, shares] = asked;
  if (!shares.empty() && (statement_.outputs > 1 || statement_.grouped() || is_plain_ridge()))
    throw std::invalid_argument("shares: of one output, without groups, with a tax");
  start();
  const Vec known_alphas = std::exchange(known_alphas_, {});
  PathResult known = std::exchange(known_, {});
  const auto same = [](std::span<const double> a, const Vec& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  };
  if (!begin && same(alphas, known_alphas) && same(shares, known_shares_)) return known;
  Vec scaled(alphas.begin(), alphas.end());
  for (double& a : scaled) a /= unit_;
  if (!falls_apart()) return path_of(problem_, null_, 0, {scaled, shares}, begin);
  const SeparateOutputs outputs(problem_, null_, design_, statement_.outputs);
  if (prefers_working_sets(scaled.size()))
    return outputs.together(outputs.working_set_paths(scaled, begin, context_));
  std::vector<PathResult> paths;
  for (Index k = 0; k < outputs.count(); ++k) {
    const Start part = begin ? outputs.part(*begin, k) : Start{};
    paths.push_back(
        path_of(outputs.problems[sz(k)], outputs.nulls[sz(k)], k, scaled, begin ? &part : nullptr));
  }
  return outputs.together(std::move(paths));
}

PathResult Engine::path_of(const StandardProblem& problem, const NullModel& null, Index output,
                           const Asked& asked, const Start* begin) {
  if (prefers_working_sets(asked.alphas.size()))
    return working_set_path(problem, null, asked, context_, begin);
  if (uses_gram_) need_gram();
  PathResult quick = uses_gram_ ? gram_path(gram(), q(output), problem, asked, context_, begin)
                                : ridge_path(problem, asked.alphas, context_);
  // Too large for n x n numbers is too large for working sets of all columns.
  const bool last_word = !uses_gram_ && statement_.n() > kMostDirectRows;
  if (last_word || trusted(quick, problem.yy)) return quick;
  return better(std::move(quick), working_set_path(problem, null, asked, context_, begin));
}

std::vector<Event> Engine::events(double last, const Indices& candidates) {
  start();
  const double end = last / unit_;
  std::vector<Event> found;
  if (!(end < alpha_max_)) return found;
  if (falls_apart()) {
    const SeparateOutputs outputs(problem_, null_, design_, statement_.outputs);
    for (Index k = 0; k < outputs.count(); ++k) {
      const StandardProblem& one = outputs.problems[sz(k)];
      const double first =
          Certifier(one.penalty, one.noise()).alpha_max(outputs.nulls[sz(k)].correlations.data());
      if (!(end < first)) continue;
      for (Event& e :
           events_of(one, outputs.nulls[sz(k)], k, outputs.part(candidates, k), first, end))
        found.push_back({e.alpha, e.feature * outputs.count() + k, e.enters});
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Event& a, const Event& b) { return a.alpha > b.alpha; });
  } else {
    Indices members = candidates;
    for (Index k = 0; k < problem_.penalty.intercepts; ++k) members.push_back(n_coefficients() + k);
    found = events_of(problem_, null_, 0, members, alpha_max_, end);
  }
  for (Event& e : found) e.alpha *= unit_;
  return found;
}

std::vector<Event> Engine::events_of(const StandardProblem& problem, const NullModel& null,
                                     Index output, const Indices& candidates, double first,
                                     double last) {
  if (!uses_gram_) return working_set_events(problem, null, candidates, first, last, context_);
  need_gram();
  return gram_events(gram(), q(output), problem.yy, problem.penalty, first, last, problem.noise(),
                     context_);
}

}  // namespace excise
