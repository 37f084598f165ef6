#include "excise/solve/refit.hpp"

#include <algorithm>
#include <numeric>

namespace excise {
namespace {

constexpr int kRounds = 40;  // of letting columns go and coming back, for one share

// The support while the tax is lowered.
class Walk {
 public:
  explicit Walk(const ActiveSet& solver)
      : factor_(solver.factor()),
        alpha_(solver.alpha()),
        noise_(solver.noise()),
        m_(factor_.size()),
        place_(sz(m_), -1) {
    const Penalty& penalty = solver.penalty();
    for (const Index j : solver.active()) {
      b_.push_back(solver.coefficients()[sz(j)]);
      tax_.push_back(penalty.l1[sz(j)]);
      begun_.push_back(solver.sign(j));
      direction_.push_back(tax_.back() * begun_.back());
      lower_.push_back(penalty.lower[sz(j)]);
      upper_.push_back(penalty.upper[sz(j)]);
    }
    now_ = begun_;
    factor_.solve(direction_.data());
  }

  const Vec& direction() const { return direction_; }

  // x = the coefficients where the tax is `strength`; false where a bound is met. Strengths fall.
  bool solve(double strength, Vec& x, bool* on_line) {
    *on_line = true;
    if (strength == 0) {  // nobody pays: there is no kink
      line(0.0, x);
      return within(x);
    }
    for (int round = 0; round < kRounds; ++round) {
      line(strength, x);
      *on_line = touched_.empty();
      if (!*on_line && !hold(strength, x)) return false;
      if (!within(x)) return false;
      if (let_go(x)) continue;
      if (!come_back(strength)) return true;
    }
    return false;
  }

 private:
  void line(double strength, Vec& x) const {
    x = b_;
    kernels().axpy(alpha_ - strength, direction_.data(), x.data(), m_);
  }

  bool within(const Vec& x) const {
    bool all = true;
    for (std::size_t k = 0; k < x.size(); ++k) all &= x[k] >= lower_[k] && x[k] <= upper_[k];
    return all;
  }

  // Adds what the forces on the columns touched so far do to x.
  bool hold(double strength, Vec& x) {
    const Index count = ix(touched_.size());
    force_.assign(sz(count), 0.0);
    resting_.clear();
    for (Index t = 0; t < count; ++t) {
      const Index k = touched_[sz(t)];
      if (now_[sz(k)] == 0)
        resting_.push_back(t);
      else
        force_[sz(t)] = -strength * tax_[sz(k)] * (now_[sz(k)] - begun_[sz(k)]);
    }
    Vec rest, g, solved;
    small_.clear();
    for (const Index t : resting_) {
      double off = -x[sz(touched_[sz(t)])];
      for (Index f = 0; f < count; ++f) off -= inverse_[sz(t)][sz(f)] * force_[sz(f)];
      rest.push_back(off);
      g.clear();
      for (Index i = 0; i < small_.size(); ++i)
        g.push_back(inverse_[sz(t)][sz(resting_[sz(i)])]);
      const double pivot = small_.project(g.data(), inverse_[sz(t)][sz(t)], solved);
      if (!(pivot > 0)) return false;
      small_.append(solved, pivot);
    }
    small_.solve(rest.data());
    for (std::size_t i = 0; i < resting_.size(); ++i) force_[sz(resting_[i])] = rest[i];
    moved_.assign(sz(m_), 0.0);
    kernels().combine(at_.data(), force_.data(), count, m_, moved_.data());
    factor_.backward(moved_.data());
    for (Index k = 0; k < m_; ++k) x[sz(k)] += moved_[sz(k)];
    for (const Index t : resting_) x[sz(touched_[sz(t)])] = 0.0;
    return true;
  }

  // Coefficients on the wrong side of zero come to rest there.
  bool let_go(const Vec& x) {
    fresh_.clear();
    bool any = false;
    for (Index k = 0; k < m_; ++k) {
      if (now_[sz(k)] == 0 || begun_[sz(k)] == 0 || now_[sz(k)] * x[sz(k)] > 0) continue;
      now_[sz(k)] = 0;
      any = true;
      if (place_[sz(k)] < 0) fresh_.push_back(k);
    }
    if (!fresh_.empty()) touch();
    return any;
  }

  // Those that are pushed by more than their tax leave zero.
  bool come_back(double strength) {
    bool any = false;
    for (const Index t : resting_) {
      const Index k = touched_[sz(t)];
      const double most = strength * tax_[sz(k)], c = most * begun_[sz(k)] - force_[sz(t)];
      if (!(std::abs(c) > most + noise_)) continue;
      now_[sz(k)] = c > 0 ? 1.0 : -1.0;
      any = true;
    }
    return any;
  }

  // L^-1 e_k of the fresh ones, and what these say of G^-1
  void touch() {
    const Index count = ix(fresh_.size());
    Vec made(sz(m_ * count));
    for (Index l = 0; l < count; ++l) made[sz(fresh_[sz(l)] + l * m_)] = 1.0;
    factor_.forward(Matrix(made.data(), m_, count), fresh_.front());
    for (Index l = 0; l < count; ++l) {
      const double* const x = made.data() + l * m_;
      place_[sz(fresh_[sz(l)])] = ix(touched_.size());
      touched_.push_back(fresh_[sz(l)]);
      forward_.emplace_back(x, x + m_);
      at_.push_back(forward_.back().data());
      Vec& row = inverse_.emplace_back();
      for (std::size_t t = 0; t < at_.size(); ++t) {
        row.push_back(kernels().dot(at_[t], at_.back(), m_));
        if (t + 1 < at_.size()) inverse_[t].push_back(row.back());
      }
    }
  }

  const Cholesky& factor_;
  double alpha_, noise_;
  Index m_;
  Vec b_, tax_, lower_, upper_, direction_;
  Vec begun_, now_;         // signs: at the beginning, and now; 0 rests, or pays nothing
  Indices place_, touched_;  // those that have met zero; where among them, or -1
  Vec force_, moved_;
  std::vector<Vec> forward_, inverse_;  // of the touched: L^-1 e, and rows of G^-1 between them
  std::vector<const double*> at_;
  Indices resting_, fresh_;
  Cholesky small_;
};

// The columns of the support: those of the factor, then those at a bound, then those that pay
// nothing and depend on others.
Indices own_columns(ActiveSet& solver) {
  Indices columns = solver.support();
  for (Index j = 0; j < solver.size(); ++j) {
    const ElasticNet e = solver.penalty().at(j, 1.0);
    const bool free = e.smooth() && e.l2 == 0 && !e.excluded();
    if (free && std::find(columns.begin(), columns.end(), j) == columns.end())
      columns.push_back(j);
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

Refit refit(ActiveSet& solver, std::span<const double> shares) {
  Refit out;
  out.alpha = solver.alpha();
  out.square = solver.residual_square();
  out.columns = own_columns(solver);
  out.shares.resize(shares.size());
  for (const Index j : out.columns) {
    out.b.push_back(solver.coefficients()[sz(j)]);
    out.c.push_back(solver.correlations()[sz(j)]);
  }
  if (solver.penalty().has_ridge()) {
    out.gram = solver.gram(out.columns);
    return out;
  }
  Indices falling(shares.size());
  std::iota(falling.begin(), falling.end(), Index{0});
  std::stable_sort(falling.begin(), falling.end(),
                   [&](Index a, Index b) { return shares[sz(a)] > shares[sz(b)]; });
  Walk walk(solver);
  Index line = -1;
  Vec x;
  const auto append = [&](const Vec& move) {
    out.moves.insert(out.moves.end(), move.begin(), move.end());
    out.moves.resize(out.moves.size() + out.columns.size() - move.size());
    return out.count() - 1;
  };
  for (const Index s : falling) {
    if (out.columns.empty()) break;
    bool on_line = true;
    const double strength = shares[sz(s)] * out.alpha;
    if (!walk.solve(strength, x, &on_line)) continue;
    if (on_line) {
      if (line < 0) line = append(walk.direction());
      out.shares[sz(s)] = {line, out.alpha - strength};
      continue;
    }
    for (std::size_t k = 0; k < x.size(); ++k) x[k] -= out.b[k];
    out.shares[sz(s)] = {append(x), 1.0};
  }
  return out;
}

}  // namespace excise
