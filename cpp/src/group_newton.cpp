// Newton's method on the groups that are away from zero.
#include <algorithm>
#include <utility>

#include "excise/solve/group_descent.hpp"

namespace excise {
namespace {

constexpr int kSteps = 50;
constexpr int kHalvings = 40;
constexpr double kDecrease = 1e-4;  // share of the promised decrease that a step must keep
constexpr double kForcing = 0.03;   // to which share of the slope conjugate gradients go
constexpr Index kMostSteps = 500;   // of conjugate gradients
constexpr double kLeastPivot = 1e-10;
constexpr double kZero = 1e-12;  // share of its length that is left of a group that became zero
constexpr double kShorter = 0.9;
constexpr Index kMany = 256;   // columns from which single precision pays
constexpr double kNear = 1e6;  // slopes over those wanted, to which single precision is enough
constexpr Index kRent = 32;    // a whole factor costs as much as size / kRent steps
// A block of the factor is outdated when its curvature, and this share of what the data add, have
// changed by more than that share; making it anew may cost so many products per column. Where
// single precision is enough no direction is nearly flat, and an old factor serves longer.
constexpr double kSoft = 0.1, kOutdated = 0.3, kRoughlyOutdated = 1.0, kWorth = 3.0;

double dot(const Vec& a, const Vec& b) { return kernels().dot(a.data(), b.data(), ix(a.size())); }

}  // namespace

// Entry (i, k) of a block of the curvature of the penalty in the factor, by units
double GroupDescent::bent(const Block& block, Index i, Index k) const {
  if (gram_.copies() > 1) {
    const auto copies = static_cast<double>(gram_.copies());
    return net(block).l2 + block.stiff * (copies - 1) / copies;
  }
  const double across = -block.stiff * u_[sz(i)] * u_[sz(k)];
  return i == k ? across + block.stiff + net(block).l2 : across;
}

// out = (H - G) v added to what out holds
void GroupDescent::multiply(const Vec& v, Vec& out) const {
  for (const Block& block : blocks_) {
    const double l2 = net(block).l2, stiff = block.stiff;
    if (stiff == 0 && l2 == 0) continue;
    double along = 0.0;
    const std::size_t end = sz(block.first + block.size);
    for (std::size_t k = sz(block.first); k < end; ++k) along += u_[k] * v[k];
    for (std::size_t k = sz(block.first); k < end; ++k)
      out[k] += stiff * (v[k] - along * u_[k]) + l2 * v[k];
  }
}

// By how much a block of the curvature has changed since it was factored, as a share of it
double GroupDescent::outdated(const Block& block) const {
  if (net(block).smooth() || block.size == 1) return 0.0;
  double turned = 0.0;
  for (std::size_t k = sz(block.first); gram_.copies() == 1 && k < sz(block.first + block.size);
       ++k)
    turned += (u_[k] - u_then_[k]) * (u_[k] - u_then_[k]);
  const double change =
      std::max(std::abs(block.stiff - block.factored), block.stiff * std::sqrt(turned));
  const double data = gram_.diagonal(block.first);
  return change / (std::min(block.stiff, block.factored) + kSoft * data);
}

// Whether the factor is in single precision; few columns stay in double once they are.
bool GroupDescent::rough() const {
  return !precise_ && gram_.copies() == 1 && gram_.units() >= (rough_.size() > 0 ? 1 : kMany);
}

void GroupDescent::truncate(Index size) {
  rough_.truncate(std::min(size, rough_.size()));
  factor_.truncate(std::min(size, factor_.size()));
}

// Forgets the part of the factor that is worth making anew: groups that came in last stand last,
// and those change most.
void GroupDescent::forget() {
  const Index copies = gram_.copies();
  const auto m = static_cast<double>(gram_.units());
  if (spent_ * copies > gram_.units() / kRent) truncate(0);
  if (factored() == 0) {
    spent_ = 0;
    return;
  }
  const double most = precise_ ? kOutdated : kRoughlyOutdated;
  double bad = 0.0;  // steps that they cost
  Index from = factored();
  for (std::size_t l = blocks_.size(); l-- > 0;) {
    const Index first = blocks_[l].first / copies;
    if (first >= factored() || !(outdated(blocks_[l]) > most)) continue;
    bad += static_cast<double>(blocks_[l].size);
    const auto s = static_cast<double>(first);
    if ((m * m * m - s * s * s) / 6 <= kWorth * bad * m * m) from = first;
  }
  if (from < factored()) truncate(from);
}

// Makes the factor anew where its age has cost as much, and appends what has come in since.
void GroupDescent::factor() {
  if (by_rows()) return factor_rows();
  rows_.clear(0);
  const Index m = gram_.units(), copies = gram_.copies();
  if (rough() ? factor_.size() > 0 : rough_.size() > 0) truncate(0);
  forget();
  u_then_.resize(u_.size());
  std::vector<const Block*> of_unit(sz(m));
  for (Block& block : blocks_) {
    std::fill_n(of_unit.begin() + block.first / copies, block.size / copies, &block);
    if (block.first / copies < factored()) continue;
    block.factored = block.stiff;
    std::copy_n(u_.begin() + block.first, block.size, u_then_.begin() + block.first);
  }
  // Entries of column k above the diagonal, from row `from` to row `to`: H and G differ in blocks.
  const auto fill = [&](Index k, Index from, Index to, double* out) {
    const Block& block = *of_unit[sz(k)];
    std::copy_n(gram_.unit(k) + from, to - from, out);
    for (Index i = std::max(from, block.first / copies); i < to; ++i)
      out[i - from] += bent(block, i, k);
  };
  if (!rough()) return factor_.extend(m, kLeastPivot, fill);
  if (rough_.extend(m, fill)) return;
  precise_ = true;
  factor();
}

// v := the factor's inverse times v, output by output
void GroupDescent::precondition(Vec& v) {
  if (rows_.ready()) return precondition_rows(v);
  if (rough_.size() > 0) return rough_.solve(v);
  if (gram_.copies() == 1) return factor_.solve(v.data());
  const Index m = gram_.units();
  apart(v, gram_.copies(), outputs_);
  factor_.forward(Matrix(outputs_.data(), m, gram_.copies()));
  for (Index k = 0; k < gram_.copies(); ++k) factor_.backward(outputs_.data() + k * m);
  together(outputs_, gram_.copies(), v);
}

// d = H^{-1} r, nearly, by conjugate gradients about the factor; G d beside it. The errors of
// single precision in that are those of the slopes from then on, until they are made anew from the
// data.
void GroupDescent::direction(bool roughly) {
  factor();
  roughly = roughly && rough_.size() > 0;
  const auto column = [&](Index k) { return gram_.unit(k); };
  ++n_solves_;
  rest_ = r_;
  d_.assign(r_.size(), 0.0);
  gd_.assign(r_.size(), 0.0);
  z_ = rest_;
  precondition(z_);
  p_ = z_;
  double rz = dot(rest_, z_);
  const double enough = kForcing * kForcing * dot(r_, r_);
  for (Index step = 0; step < kMostSteps && rz > 0; ++step) {
    roughly ? rough_gram_.multiply(size(), column, p_, gp_) : gram_.multiply(p_, gp_);
    hp_ = gp_;
    multiply(p_, hp_);
    const double bend = dot(p_, hp_);
    if (!(bend > 0)) {  // flat: as far as the factor says
      if (step == 0) d_ = p_, gd_ = gp_;
      return;
    }
    const double a = rz / bend;
    const Index m = size();
    kernels().axpy(a, p_.data(), d_.data(), m);
    kernels().axpy(a, gp_.data(), gd_.data(), m);
    kernels().axpy(-a, hp_.data(), rest_.data(), m);
    ++spent_;
    if (dot(rest_, rest_) <= enough) return;
    z_ = rest_;
    precondition(z_);
    const double next = dot(rest_, z_);
    for (std::size_t k = 0; k < p_.size(); ++k) p_[k] = z_[k] + next / rz * p_[k];
    rz = next;
  }
}

// What a step changes in the objective; no term cancels, since the slope is taken off first:
//   -r'd + d'Gd / 2 + sum_g l2 |d_g|^2 / 2 + l1 (|b_g + d_g| - |b_g| - u_g'd_g),
// and of sparse groups own (|b_j + d_j| - |b_j| - sign(b_j) d_j).
double GroupDescent::change(const Vec& step, const Vec& bends) const {
  double total = -dot(r_, step) + 0.5 * dot(step, bends);
  for (const Block& block : blocks_) {
    const GroupNet pays = net(block);
    const auto d = of(block, step), x = of(block, x_), u = of(block, u_);
    double along = 0.0, square = 0.0, across = 0.0, after = 0.0;
    for (std::size_t k = 0; k < d.size(); ++k) along += u[k] * d[k];
    for (std::size_t k = 0; k < d.size(); ++k) {
      const double off = d[k] - along * u[k];
      square += d[k] * d[k];
      across += off * off;
      after += (x[k] + d[k]) * (x[k] + d[k]);
    }
    total += 0.5 * pays.l2 * square;
    if (pays.smooth()) continue;
    for (std::size_t k = 0; pays.own > 0 && k < d.size(); ++k)
      if (const double end = std::copysign(1.0, x[k]) * (x[k] + d[k]); end < 0)
        total -= 2 * pays.own * end;
    const double straight = length(x) + along, end = std::sqrt(after);
    total += pays.l1 * (straight > 0 ? across / (end + straight) : end - straight);
  }
  return total;
}

void GroupDescent::go(const Vec& step, const Vec& bends) {
  kernels().axpy(1.0, step.data(), x_.data(), size());
  kernels().axpy(-1.0, bends.data(), s_.data(), size());
}

// How far along its old direction the step leaves a group: through zero, if that is not positive
double GroupDescent::left(const Block& block, const Vec& step) const {
  const auto d = of(block, step), u = of(block, u_);
  double along = length(of(block, x_));
  for (std::size_t k = 0; k < d.size(); ++k) along += u[k] * d[k];
  return along;
}

// The share of the step at which the group, or a column of a sparse one, is zero; 1 or more: none
double GroupDescent::meets_zero(const Block& block, const Vec& step) const {
  const GroupNet pays = net(block);
  double share = 1.0;
  if (pays.smooth()) return share;
  if (const double after = left(block, step); !(after > 0)) {
    const double now = length(of(block, x_));
    share = now / (now - after);
    if (share == 1.0) share = 1.0 - std::numeric_limits<double>::epsilon();
  }
  const auto d = of(block, step), x = of(block, x_);
  for (std::size_t k = 0; pays.own > 0 && k < d.size(); ++k)
    if (d[k] * x[k] < 0 && std::abs(d[k]) > std::abs(x[k])) share = std::min(share, -x[k] / d[k]);
  return share;
}

// All other groups take the step; those that would go through zero are then minimised one by one.
bool GroupDescent::move_beside(std::span<const std::size_t> crossing) {
  Vec x = x_, s = s_;
  kernels().axpy(1.0, d_.data(), x.data(), size());
  kernels().axpy(-1.0, gd_.data(), s.data(), size());
  for (const std::size_t l : crossing) {
    const Block& block = blocks_[l];
    gram_.add(1.0, block.first, of(block, std::as_const(d_)), s);
    std::copy_n(x_.begin() + block.first, block.size, x.begin() + block.first);
  }
  for (const std::size_t l : crossing) minimise(blocks_[l], x, s);
  Vec step(x.size()), bends(x.size());
  for (std::size_t k = 0; k < x.size(); ++k) {
    step[k] = x[k] - x_[k];
    bends[k] = s_[k] - s[k];
  }
  if (!(change(step, bends) < 0)) return false;
  x_ = std::move(x);
  s_ = std::move(s);
  release_zeros();
  return true;
}

// This share of the step, after which the crossing groups that are no longer away from zero are
// zero: along a flat direction that is where the objective ends to fall.
bool GroupDescent::move_to_zero(std::span<const std::size_t> crossing, double share) {
  Vec step = d_, bends;
  for (double& v : step) v *= share;
  for (const std::size_t l : crossing) {
    const auto x = of(blocks_[l], x_);
    const auto d = of(blocks_[l], step);
    const bool all = !(left(blocks_[l], step) > kZero * length(x));
    const bool sparse = net(blocks_[l]).own > 0;
    for (std::size_t k = 0; k < d.size(); ++k)
      if (all || (sparse && std::abs(x[k] + d[k]) <= kZero * std::abs(x[k]))) d[k] = -x[k];
  }
  gram_.multiply(step, bends);
  if (!(change(step, bends) < 0)) return false;
  go(step, bends);
  release_zeros();
  return true;
}

// Takes the step, or as much of it as lowers the objective; false if no part does.
bool GroupDescent::move() {
  std::vector<std::size_t> crossing;
  double share = 1.0;
  for (std::size_t l = 0; l < blocks_.size(); ++l) {
    const double met = meets_zero(blocks_[l], d_);
    if (!(met < 1)) continue;
    crossing.push_back(l);
    share = std::min(share, met);
  }
  if (!crossing.empty()) {
    if (move_beside(crossing) || move_to_zero(crossing, share)) return true;
    share *= kShorter;
  }
  const double promised = dot(r_, d_);
  if (!(promised > 0)) return false;
  Vec step = d_, bends = gd_;
  const auto shorten = [&](double by) {
    for (Vec* v : {&step, &bends})
      for (double& value : *v) value *= by;
  };
  shorten(share);
  for (int halving = 0; halving < kHalvings; ++halving, share *= 0.5, shorten(0.5)) {
    if (!(change(step, bends) <= -kDecrease * share * promised)) continue;
    go(step, bends);
    return true;
  }
  return false;
}

// Newton steps until the slopes are as small as wanted, as far as rounding lets them.
void GroupDescent::descend(double wanted) {
  for (int step = 0; step < kSteps; ++step) {
    const double most = unbalance();
    if (!(most > wanted)) return;
    poll_();
    direction(most < kNear * wanted);
    if (!move() && !sweep()) return;
  }
}

}  // namespace excise
