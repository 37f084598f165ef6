#include "excise/solve/refit.hpp"

#include <algorithm>
#include <numeric>

namespace excise {
namespace {

constexpr int kRounds = 40;  // of letting columns go and coming back, for one share

// The columns of the support: those of the factor, then those at a bound, then those that pay
// nothing and depend on others.
Indices own_columns(ActiveSet& solver) {
  Indices columns = solver.support();
  for (Index j = 0; j < solver.size(); ++j) {
    const ElasticNet e = solver.penalty().at(j, 1.0);
    const bool free = e.smooth() && e.l2 == 0 && !e.excluded();
    if (free && std::find(columns.begin(), columns.end(), j) == columns.end()) columns.push_back(j);
  }
  return columns;
}

}  // namespace

Vec ActiveSet::gram(std::span<const Index> columns) const {
  const Index m = ix(columns.size()), known = ridge_ ? ix(active_.size()) : 0;
  Vec out(sz(m * m));
  if (known < m)
    quadratic_.crosses(columns.subspan(sz(known)), columns,
                       Matrix(out.data() + known * m, m, m - known));
  for (Index k = 0; k < m; ++k)
    for (Index i = 0; i <= k; ++i)
      out[sz(k + i * m)] = out[sz(i + k * m)] =
          k < known ? gram_[sz(k * (k + 1) / 2 + i)] : out[sz(i + k * m)];
  return out;
}

Refitter::Refitter(std::span<const double> shares)
    : shares_(shares.begin(), shares.end()), falling_(shares.size()) {
  std::iota(falling_.begin(), falling_.end(), Index{0});
  std::stable_sort(falling_.begin(), falling_.end(),
                   [&](Index a, Index b) { return shares_[sz(a)] > shares_[sz(b)]; });
}

Refit Refitter::at(ActiveSet& solver) {
  Refit out;
  out.alpha = solver.alpha();
  out.square = solver.residual_square();
  out.columns = own_columns(solver);
  out.shares.resize(shares_.size());
  const std::size_t m = out.columns.size();
  out.b.reserve(m);
  out.c.reserve(m);
  for (const Index j : out.columns) {
    out.b.push_back(solver.coefficients()[sz(j)]);
    out.c.push_back(solver.correlations()[sz(j)]);
  }
  if (solver.penalty().has_ridge()) {
    out.gram = solver.gram(out.columns);
    return out;
  }
  if (m == 0) return out;
  begin(solver);
  Index on_line = -1;
  const auto append = [&](const Vec& move) {
    out.moves.insert(out.moves.end(), move.begin(), move.end());
    out.moves.resize(out.moves.size() + m - move.size());
    return out.count() - 1;
  };
  for (const Index s : falling_) {
    const double strength = shares_[sz(s)] * out.alpha;
    if (!solve(strength)) continue;
    if (touched_.empty() || strength == 0) {
      if (on_line < 0) on_line = append(direction_);
      out.shares[sz(s)] = {on_line, out.alpha - strength};
      continue;
    }
    for (std::size_t k = 0; k < x_.size(); ++k) x_[k] -= b_[k];
    out.shares[sz(s)] = {append(x_), 1.0};
  }
  return out;
}

void Refitter::begin(const ActiveSet& solver) {
  factor_ = &solver.factor();
  alpha_ = solver.alpha();
  noise_ = solver.noise();
  const Penalty& penalty = solver.penalty();
  for (Vec* v : {&b_, &tax_, &lower_, &upper_, &begun_, &direction_}) v->clear();
  for (const Index j : solver.active()) {
    b_.push_back(solver.coefficients()[sz(j)]);
    tax_.push_back(penalty.l1[sz(j)]);
    lower_.push_back(penalty.lower[sz(j)]);
    upper_.push_back(penalty.upper[sz(j)]);
    begun_.push_back(solver.sign(j));
    direction_.push_back(tax_.back() * begun_.back());
  }
  now_ = begun_;
  factor_->solve(direction_.data());
  place_.assign(b_.size(), -1);
  touched_.clear();
  forward_.clear();
  inverse_.clear();
  at_.clear();
}

// The coefficients where the tax is `strength`; false where a bound is met. Strengths fall.
bool Refitter::solve(double strength) {
  if (strength == 0) {  // nobody pays: there is no kink
    line(0.0);
    return within();
  }
  for (int round = 0; round < kRounds; ++round) {
    line(strength);
    if (!touched_.empty() && !hold(strength)) return false;
    if (!within()) return false;
    if (let_go()) continue;
    if (touched_.empty() || !come_back(strength)) return true;
  }
  return false;
}

void Refitter::line(double strength) {
  x_ = b_;
  kernels().axpy(alpha_ - strength, direction_.data(), x_.data(), ix(x_.size()));
}

bool Refitter::within() const {
  bool all = true;
  for (std::size_t k = 0; k < x_.size(); ++k) all &= x_[k] >= lower_[k] && x_[k] <= upper_[k];
  return all;
}

// Adds what the forces on those that have met zero do to the coefficients.
bool Refitter::hold(double strength) {
  const Index count = ix(touched_.size());
  force_.assign(sz(count), 0.0);
  resting_.clear();
  for (Index t = 0; t < count; ++t) {
    const std::size_t k = sz(touched_[sz(t)]);
    if (now_[k] == 0)
      resting_.push_back(t);
    else
      force_[sz(t)] = -strength * tax_[k] * (now_[k] - begun_[k]);
  }
  rest_.clear();
  small_.clear();
  for (const Index t : resting_) {
    const Vec& row = inverse_[sz(t)];
    rest_.push_back(-x_[sz(touched_[sz(t)])] - kernels().dot(row.data(), force_.data(), count));
    cross_.clear();
    for (Index i = 0; i < small_.size(); ++i) cross_.push_back(row[sz(resting_[sz(i)])]);
    const double pivot = small_.project(cross_.data(), row[sz(t)], solved_);
    if (!(pivot > 0)) return false;
    small_.append(solved_, pivot);
  }
  small_.solve(rest_.data());
  for (std::size_t i = 0; i < resting_.size(); ++i) force_[sz(resting_[i])] = rest_[i];
  moved_.assign(x_.size(), 0.0);
  kernels().combine(at_.data(), force_.data(), count, ix(x_.size()), moved_.data());
  factor_->backward(moved_.data());
  kernels().axpy(1.0, moved_.data(), x_.data(), ix(x_.size()));
  for (const Index t : resting_) x_[sz(touched_[sz(t)])] = 0.0;
  return true;
}

// Coefficients on the wrong side of zero come to rest there.
bool Refitter::let_go() {
  fresh_.clear();
  bool any = false;
  for (std::size_t k = 0; k < x_.size(); ++k) {
    if (now_[k] == 0 || now_[k] * x_[k] > 0) continue;
    now_[k] = 0;
    any = true;
    if (place_[k] < 0) fresh_.push_back(ix(k));
  }
  if (!fresh_.empty()) touch();
  return any;
}

// Those that are pushed by more than their tax leave zero.
bool Refitter::come_back(double strength) {
  bool any = false;
  for (const Index t : resting_) {
    const std::size_t k = sz(touched_[sz(t)]);
    const double most = strength * tax_[k], c = most * begun_[k] - force_[sz(t)];
    if (!(std::abs(c) > most + noise_)) continue;
    now_[k] = c > 0 ? 1.0 : -1.0;
    any = true;
  }
  return any;
}

// L^-1 e_k of the fresh ones, and what these say of G^-1
void Refitter::touch() {
  const Index m = ix(x_.size()), count = ix(fresh_.size());
  Vec made(sz(m * count));
  for (Index l = 0; l < count; ++l) made[sz(fresh_[sz(l)] + l * m)] = 1.0;
  factor_->forward(Matrix(made.data(), m, count), fresh_.front());
  for (Index l = 0; l < count; ++l) {
    place_[sz(fresh_[sz(l)])] = ix(touched_.size());
    touched_.push_back(fresh_[sz(l)]);
    forward_.emplace_back(made.begin() + l * m, made.begin() + (l + 1) * m);
    at_.push_back(forward_.back().data());
    Vec& row = inverse_.emplace_back();
    for (std::size_t t = 0; t < at_.size(); ++t) {
      row.push_back(kernels().dot(at_[t], at_.back(), m));
      if (t + 1 < at_.size()) inverse_[t].push_back(row.back());
    }
  }
}

}  // namespace excise
