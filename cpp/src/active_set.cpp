#include "excise/solve/active_set.hpp"

#include <algorithm>

namespace excise {
namespace {

constexpr int kNewtonSteps = 30;  // more than this is a cycle
constexpr int kRefinements = 4;
constexpr int kPatience = 3;  // steps without a lower objective

}  // namespace

ActiveSet::ActiveSet(Quadratic& quadratic, const Penalty& penalty, double noise,
                     std::function<void()> poll)
    : quadratic_(quadratic), noise_(noise), poll_(std::move(poll)), ridge_(false) {
  grow(penalty);
}

void ActiveSet::grow(const Penalty& more) {
  penalty_.append(more);
  if (!ridge_ && more.has_ridge()) {  // from now on refactoring needs the Gram rows of the active
    ridge_ = true;
    centre_ = 0.0;
    for (std::size_t k = 0; k < active_.size(); ++k) {
      gram_.resize(gram_.size() + k + 1);
      quadratic_.cross(active_[k], std::span(active_).first(k + 1),
                       gram_.data() + gram_.size() - (k + 1));
    }
  }
  const std::size_t m = penalty_.l1.size();
  side_.resize(m, Side::Zero);
  b_.resize(m, 0.0);
  c_.resize(m, 0.0);
  barred_.resize(m, 0);
}

void ActiveSet::keep(std::span<const Index> kept) {
  Indices slot(sz(size()), -1);
  for (std::size_t k = 0; k < kept.size(); ++k) {
    const std::size_t old = sz(kept[k]);
    slot[old] = ix(k);
    side_[k] = side_[old];
    b_[k] = b_[old];
    c_[k] = c_[old];
    barred_[k] = barred_[old];
  }
  const std::size_t m = kept.size();
  side_.resize(m);
  barred_.resize(m);
  for (Vec* v : {&b_, &c_}) v->resize(m);
  penalty_.keep(kept);
  for (Index& j : active_) j = slot[sz(j)];
}

const Indices& ActiveSet::support() {
  support_ = active_;
  find_bound();
  support_.insert(support_.end(), bound_.begin(), bound_.end());
  return support_;
}

// The columns that rest at a bound
void ActiveSet::find_bound() {
  bound_.clear();
  if (!bounded_) return;
  for (Index j = 0; j < size(); ++j)
    if (side_[sz(j)] == Side::AtLower || side_[sz(j)] == Side::AtUpper) bound_.push_back(j);
}

int ActiveSet::sign(Index j) const {
  return side_[sz(j)] == Side::Plus ? 1 : side_[sz(j)] == Side::Minus ? -1 : 0;
}

void ActiveSet::start(std::span<const Index> columns, std::span<const double> b) {
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const ElasticNet e = penalty_.at(columns[k], 1.0);
    const Side side = e.smooth() ? Side::Smooth : b[k] > 0 ? Side::Plus : Side::Minus;
    if (b[k] >= e.upper || b[k] <= e.lower)
      fix(columns[k], b[k]);
    else if (admit(columns[k], side))
      b_[sz(columns[k])] = b[k];
  }
}

ActiveSet::Interval ActiveSet::interval(Index j) const {
  const double low = penalty_.lower[sz(j)], high = penalty_.upper[sz(j)];
  switch (side_[sz(j)]) {
    case Side::Plus:
      return {0.0, high};
    case Side::Minus:
      return {low, 0.0};
    default:
      return {low, high};
  }
}

bool ActiveSet::inside(Index j, double b) const {
  const auto [low, high] = interval(j);
  const Side side = side_[sz(j)];
  return (side == Side::Plus ? b > low : b >= low) && (side == Side::Minus ? b < high : b <= high);
}

// How much more than its tax a column at rest earns, and the side to which it would move.
double ActiveSet::excess(Index j, Side* side) const {
  const Side now = side_[sz(j)];
  if (now == Side::Plus || now == Side::Minus || now == Side::Smooth) return 0.0;
  const ElasticNet e = at(j);
  if (e.excluded()) return 0.0;
  const double c = c_[sz(j)];
  switch (now) {
    case Side::Zero:
      *side = e.smooth() ? Side::Smooth : c > 0 ? Side::Plus : Side::Minus;
      return e.zero_threshold(c) - e.l1;
    case Side::AtUpper:
      *side = e.smooth() ? Side::Smooth : Side::Plus;
      return e.l1 + e.l2 * b_[sz(j)] - c;
    case Side::AtLower:
      *side = e.smooth() ? Side::Smooth : Side::Minus;
      return e.l1 - e.l2 * b_[sz(j)] + c;
    default:
      return 0.0;
  }
}

void ActiveSet::refresh() {
  const Indices& all = support();
  values_.resize(all.size());
  for (std::size_t k = 0; k < all.size(); ++k) values_[k] = b_[sz(all[k])];
  rr_ = quadratic_.gradient(all, values_, c_);
}

// At the coefficients of the last refresh
double ActiveSet::objective() const {
  double total = 0.5 * rr_;
  for (const Index j : support_) total += at(j).value(b_[sz(j)]);
  return total;
}

bool ActiveSet::admit(Index j, Side side) {
  const Entry entry{j, side};
  return admit_all(std::span(&entry, 1)) == 1;
}

// Lets columns in, one after the other; returns how many were not dependent on those before.
// Their cross-products are taken together: that reads each active column once.
Index ActiveSet::admit_all(std::span<const Entry> entries) {
  constexpr std::size_t kTogether = 32;
  Index admitted = 0;
  for (std::size_t lo = 0; lo < entries.size(); lo += kTogether) {
    if (lo > 0) poll_();
    const auto some = entries.subspan(lo, std::min(kTogether, entries.size() - lo));
    const std::size_t before = active_.size();
    named_ = active_;
    for (const Entry& entry : some) named_.push_back(entry.column);
    crosses_.resize(named_.size() * some.size());
    const Matrix g(crosses_.data(), ix(named_.size()), ix(some.size()));
    quadratic_.crosses(std::span(named_).subspan(before), named_, g);
    projected_.resize(before * some.size());
    for (Index k = 0; k < g.cols; ++k)
      std::copy_n(g.column(k), before, projected_.begin() + k * ix(before));
    factor_.forward(Matrix(projected_.data(), ix(before), g.cols));
    inside_.clear();  // places of those let in just now
    for (Index k = 0; k < g.cols; ++k) {
      work_.assign(g.column(k), g.column(k) + before);
      for (const Index place : inside_) work_.push_back(g(place, k));
      const std::span<const double> solved(projected_.data() + sz(k) * before, before);
      if (!admit(some[sz(k)], g(ix(before) + k, k), solved)) continue;
      inside_.push_back(ix(before) + k);
      ++admitted;
    }
  }
  return admitted;
}

// `work_` holds the cross-products of the column with the active ones; `solved` what the factor
// makes of the first of them.
bool ActiveSet::admit(const Entry& entry, double diagonal, std::span<const double> solved) {
  const auto [j, side] = entry;
  const std::size_t m = active_.size();
  const double ridge = ridge_ ? ridge_at_centre(j) : 0.0;
  Vec& x = solved_;
  begun_ = work_;
  std::copy(solved.begin(), solved.end(), begun_.begin());
  const double pivot = independent(
      entry, diagonal, factor_.project(begun_.data(), diagonal + ridge, x, ix(solved.size())), x);
  if (!(pivot > 0)) return false;
  if (ridge_) {
    gram_.insert(gram_.end(), work_.begin(), work_.begin() + ix(m));
    gram_.push_back(diagonal);
  }
  factor_.append(x, pivot);
  active_.push_back(j);
  side_[sz(j)] = side;
  terms_.clear();
  return true;
}

// Takes the column at `position` out of the factor.
void ActiveSet::release(Index position) {
  factor_.remove(position);
  active_.erase(active_.begin() + position);
  terms_.clear();
  if (!ridge_) return;
  Vec kept;
  kept.reserve(gram_.size());
  for (Index i = 0, at = 0; i <= ix(active_.size()); ++i)
    for (Index k = 0; k <= i; ++k, ++at)
      if (i != position && k != position) kept.push_back(gram_[sz(at)]);
  gram_ = std::move(kept);
}

// Puts the coefficient at an end of its interval: at rest at zero or at a bound.
void ActiveSet::fix(Index j, double value) {
  b_[sz(j)] = value;
  side_[sz(j)] = value == 0 ? Side::Zero : value > 0 ? Side::AtUpper : Side::AtLower;
  bounded_ |= value != 0;
  terms_.clear();
}

// Of the system at this alpha
void ActiveSet::refactor() {
  centre_ = alpha_;
  terms_.clear();
  factor_.clear();
  Vec x;
  const Indices columns = std::move(active_);
  const Vec gram = std::move(gram_);
  active_.clear();
  gram_.clear();
  Indices places;
  for (Index i = 0; i < ix(columns.size()); ++i) {
    const Index j = columns[sz(i)];
    const double* row = gram.data() + i * (i + 1) / 2;
    work_.clear();
    for (const Index place : places) work_.push_back(row[place]);
    const double pivot =
        independent({j, side_[sz(j)]}, row[i],
                    factor_.project(work_.data(), row[i] + ridge_at_centre(j), x), x);
    if (!(pivot > 0)) {
      fix(j, 0.0);
      continue;
    }
    gram_.insert(gram_.end(), work_.begin(), work_.end());
    gram_.push_back(row[i]);
    factor_.append(x, pivot);
    active_.push_back(j);
    places.push_back(i);
  }
}

// Solves on the support and drops what left its interval, until nothing does.
bool ActiveSet::settle() {
  for (int round = 0; round < kNewtonSteps; ++round) {
    poll_();
    const Vec& x = newton_target();
    bool all_inside = true;
    for (Index k = ix(active_.size()) - 1; k >= 0; --k) {
      const Index j = active_[sz(k)];
      if (inside(j, x[sz(k)])) {
        b_[sz(j)] = x[sz(k)];
        continue;
      }
      const auto [low, high] = interval(j);
      fix(j, x[sz(k)] <= low ? low : high);
      release(k);
      all_inside = false;
    }
    if (all_inside) return true;
  }
  return false;
}

bool ActiveSet::newton() {
  double best = kInfinity;
  int since_best = 0;
  for (int step = 0; step < kNewtonSteps; ++step) {
    const bool settled = settle();
    refresh();
    if (!settled) return false;
    const double now = objective();
    since_best = now < best ? 0 : since_best + 1;
    if (since_best > kPatience) return false;
    best = std::min(best, now);
    entries_.clear();
    for (Index j = 0; j < size(); ++j) {
      Side side{};
      if (excess(j, &side) > noise_) entries_.push_back({j, side});
    }
    if (admit_all(entries_) == 0) return entries_.empty();
  }
  return false;
}

// Iterative refinement against the residual just computed (corrected seminormal equations:
// Bjorck, Linear Algebra and its Applications 88/89, 1987).
void ActiveSet::polish() {
  double last = kInfinity;
  for (int step = 0; step < kRefinements; ++step)
    if (!refine(last)) return;
}

// One step; false when nothing is left to gain, and then the coefficients are the best so far.
bool ActiveSet::refine(double& last) {
  Vec& x = target_;
  x.resize(active_.size());
  double worst = 0.0;
  for (std::size_t k = 0; k < active_.size(); ++k) {
    const Index j = active_[k];
    const ElasticNet e = at(j);
    x[k] = c_[sz(j)] - e.l1 * sign(j) - e.l2 * b_[sz(j)];
    worst = std::max(worst, std::abs(x[k]));
  }
  if (!(worst > noise_)) return false;
  if (worst > 0.5 * last) {
    if (worst > last) {
      b_ = before_;
      refresh();
    }
    return false;
  }
  last = worst;
  factor_.solve(x.data());
  for (std::size_t k = 0; k < active_.size(); ++k)
    if (!inside(active_[k], b_[sz(active_[k])] + x[k])) return false;
  before_ = b_;
  for (std::size_t k = 0; k < active_.size(); ++k) b_[sz(active_[k])] += x[k];
  refresh();
  return true;
}

bool ActiveSet::solve(double alpha) {
  alpha_ = alpha;
  std::fill(barred_.begin(), barred_.end(), 0);
  if (!ridge_ || lags_too_far()) recentre();
  bool done = newton();
  if (!done) {
    if (ridge_ && centre_ != alpha_) recentre();
    done = descend();
  }
  polish();
  return done;
}

}  // namespace excise
