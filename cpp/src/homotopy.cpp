// Between two events. While the support A and the signs s stay, the coefficients solve
//   (G_AA + alpha D) b = q_A - G_AB b_B - alpha l1 s,     D = diag(l2),  B at a bound,
// so that about the alpha a of the factor, M = G_AA + a D, they are a power series in t = alpha -
// a:
//   M x_0 = q_A - G_AB b_B - a l1 s,   M x_1 = -(l1 s + D x_0),   M x_k = -D x_{k-1},
//   b = x_0 + t x_1 + t^2 x_2 + ...
// The eigenvalues of M^{-1} D are at most 1 / a: it converges wherever |t| < a, and by a digit or
// more a term where G_AA has no small eigenvalue. Without a ridge it ends with x_1, and
// coefficients are straight lines (Efron, Hastie, Johnstone, Tibshirani, Annals of Statistics 32,
// 2004).
#include <algorithm>

#include "excise/solve/active_set.hpp"

namespace excise {
namespace {

constexpr double kRounding = 1e-17;     // of a term that is none
constexpr std::size_t kMostTerms = 60;  // more than a factor that lags by half would need
constexpr std::size_t kManyTerms = 12;  // that cost as much as a new factor
constexpr double kFlat = 1e-10;         // twins keep pace with the tax: they never cross it
constexpr double kFar = 0.1;            // how far slopes are believed where the path is curved
constexpr double kTogether = 1e-11;     // crossings so near, relative to alpha, are one

double largest(const Vec& v) {
  double out = 0.0;
  for (const double x : v) out = std::max(out, std::abs(x));
  return out;
}

}  // namespace

// How far a column is from one end of where its support holds, as alpha changes by `step`:
// distance + rate step + what bends. Active ones have a `place` in the factor; one at rest, -1.
struct ActiveSet::Reach {
  Index column, place;
  double sign, distance, rate;
  double linear() const { return distance > 0 ? -distance / rate : 0.0; }
};

bool ActiveSet::lags_too_far() const {
  return !(lag_ > 0 && std::abs(alpha_ - centre_) <= lag_ * centre_ && terms_.size() < kManyTerms);
}

void ActiveSet::recentre() {
  if (ridge_) return refactor();
  centre_ = alpha_;
  terms_.clear();
}

// x_k
const Vec& ActiveSet::term(std::size_t k) {
  if (terms_.empty()) {
    find_bound();
    bound_values_.clear();
    for (const Index j : bound_) bound_values_.push_back(b_[sz(j)]);
    work_.resize(bound_.size());
    Vec& x = terms_.emplace_back(active_.size());
    for (std::size_t i = 0; i < active_.size(); ++i) {
      const Index j = active_[i];
      x[i] = quadratic_.target(j) - penalty_.at(j, centre_).l1 * sign(j);
      if (bound_.empty()) continue;
      quadratic_.cross(j, bound_, work_.data());
      x[i] -= kernels().dot(work_.data(), bound_values_.data(), ix(work_.size()));
    }
    factor_.solve(x.data());
  }
  while (terms_.size() <= k) {
    Vec x(active_.size());
    const bool first = terms_.size() == 1;
    for (std::size_t i = 0; i < active_.size(); ++i) {
      const Index j = active_[i];
      x[i] = -penalty_.l2[sz(j)] * terms_.back()[i];
      if (first) x[i] -= penalty_.l1[sz(j)] * sign(j);
    }
    factor_.solve(x.data());
    terms_.push_back(std::move(x));
  }
  return terms_[k];
}

// How many terms matter at a distance of t
std::size_t ActiveSet::terms_until(double t) {
  if (t == 0) return 1;
  if (!ridge_) return 2;
  const double least = kRounding * largest(term(0));
  double power = t;
  std::size_t k = 1;
  while (k < kMostTerms && std::abs(power) * largest(term(k)) > least) {
    power *= t;
    ++k;
  }
  return k;
}

// The coefficients of the active columns that solve the linear system of this support.
const Vec& ActiveSet::newton_target() {
  const double t = alpha_ - centre_;
  const std::size_t count = terms_until(t);
  target_ = term(count - 1);
  for (std::size_t k = count - 1; k-- > 0;)
    for (std::size_t i = 0; i < target_.size(); ++i) target_[i] = terms_[k][i] + t * target_[i];
  ++n_solves_;
  return target_;
}

// d b_A / d alpha
Vec ActiveSet::slope() {
  const double t = alpha_ - centre_;
  const std::size_t count = std::max<std::size_t>(2, terms_until(t) + 1);
  Vec out(active_.size(), 0.0);
  for (std::size_t k = count - 1; k > 0; --k)
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<double>(k) * term(k)[i] + t * out[i];
  return out;
}

// All that come nearer as alpha falls
std::vector<ActiveSet::Reach> ActiveSet::reaches(const Vec& db, const Vec& dc) const {
  std::vector<Reach> out;
  const auto reach = [&](Index j, Index place, double sign, double distance, double rate) {
    if (rate > kFlat && std::isfinite(distance)) out.push_back({j, place, sign, distance, rate});
  };
  for (std::size_t k = 0; k < active_.size(); ++k) {
    const Index j = active_[k];
    const auto [low, high] = interval(j);
    reach(j, ix(k), 1.0, b_[sz(j)] - low, db[k]);
    reach(j, ix(k), -1.0, high - b_[sz(j)], -db[k]);
  }
  for (Index j = 0; j < size(); ++j) {
    const ElasticNet e = at(j);
    if (e.excluded() || e.smooth()) continue;
    const double l1 = penalty_.l1[sz(j)], c = c_[sz(j)], rate = dc[sz(j)];
    const double pull = penalty_.l2[sz(j)] * b_[sz(j)];  // of the ridge, at a bound
    const Side side = side_[sz(j)];
    const bool zero = side == Side::Zero;
    if (zero && e.upper > 0) reach(j, -1, 1.0, e.l1 - c, l1 - rate);
    if (zero && e.lower < 0) reach(j, -1, -1.0, e.l1 + c, l1 + rate);
    if (side == Side::AtUpper) reach(j, -1, -1.0, c - e.l1 - alpha_ * pull, rate - l1 - pull);
    if (side == Side::AtLower) reach(j, -1, 1.0, alpha_ * pull - c - e.l1, pull - rate - l1);
  }
  return out;
}

// What bends: the share of this distance in each x_k, k >= 2 (x_0 and x_1 bend nothing)
Vec ActiveSet::bend(const Reach& reach) {
  Vec out(terms_.size(), 0.0);
  if (reach.place < 0) {
    work_.resize(active_.size());
    quadratic_.cross(reach.column, active_, work_.data());
  }
  for (std::size_t k = 2; k < out.size(); ++k)
    out[k] = reach.sign * (reach.place >= 0
                               ? terms_[k][sz(reach.place)]
                               : kernels().dot(work_.data(), terms_[k].data(), ix(work_.size())));
  return out;
}

// The change of alpha at which a distance is zero, -infinity if there is none near: by Newton's
// method, from where a straight line would be zero.
double ActiveSet::root(const Reach& reach) {
  constexpr int kSteps = 20;
  constexpr double kSettled = 1e-15;
  const double start = reach.linear(), farthest = -kFar * alpha_, t = alpha_ - centre_;
  if (!ridge_ || start == 0) return start;
  terms_until(t + std::max(start, farthest));
  const Vec a = bend(reach);
  double h = start;
  for (int step = 0; step < kSteps; ++step) {
    double value = reach.distance + reach.rate * h, rise = reach.rate;
    double now = t + h, then = t;  // their powers k - 1
    for (std::size_t k = 2; k < a.size(); ++k, now *= t + h, then *= t) {
      const double degree = static_cast<double>(k);
      value += a[k] * (now * (t + h) - then * (t + degree * h));
      rise += a[k] * degree * (now - then);
    }
    if (!(rise > 0)) return -kInfinity;
    const double change = value / rise;
    h = std::min(0.0, h - change);
    if (!(h > 2 * farthest)) return -kInfinity;
    if (std::abs(change) <= kSettled * alpha_) break;
  }
  return h;
}

ActiveSet::Crossing ActiveSet::next_crossing() {
  const Vec db = slope();
  Vec dc;
  quadratic_.moved(active_, db, dc);
  std::vector<Reach> near = reaches(db, dc);
  if (ridge_)
    std::sort(near.begin(), near.end(),
              [](const Reach& a, const Reach& b) { return a.linear() > b.linear(); });
  Crossing next{-kInfinity};
  double best = -kInfinity, bent = 0.0;
  std::vector<std::pair<double, Index>> found;
  for (const Reach& reach : near) {
    if (ridge_ && reach.linear() < std::max(best, -kFar * alpha_) - 2 * bent) break;
    const double h = root(reach);
    if (h == -kInfinity) continue;
    bent = std::max(bent, std::abs(h - reach.linear()));
    found.emplace_back(h, reach.column);
    if (!(h > best)) continue;
    best = h;
    next.rate = reach.rate;
  }
  if (ridge_ && !(best >= -kFar * alpha_)) return {(1 - kFar) * alpha_};
  next.alpha = alpha_ + best;
  for (const auto& [h, column] : found)
    if (h >= best - kTogether * alpha_) next.columns.push_back(column);
  return next;
}

}  // namespace excise
