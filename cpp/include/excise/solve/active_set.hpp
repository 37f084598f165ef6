// Exact minimiser of  |y - Z b|^2 / 2 + sum_j Omega_j(b_j)  over a working set of columns.
//
// Theorem behind it: with the support A and the signs s of the solution known, the coefficients
// solve the linear system  (G_AA + l2) b_A = q_A - l1 s;  so guess (A, s), solve, drop what left
// its interval, add what earns more than its tax, and repeat until nothing changes: a semismooth
// Newton method on the optimality conditions (Hintermueller, Ito, Kunisch, SIAM J. Optim. 13,
// 2002), which ends at the solution itself, not near it. The bare method may cycle; when it does
// not improve, a descent that changes one column at a time takes over (in the manner of Lee,
// Battle, Raina, Ng, NIPS 2006), with exchanges along null directions where columns are linearly
// dependent: every step lowers the objective, so it ends.
#pragma once

#include <cstdint>

#include "excise/solve/cholesky.hpp"
#include "excise/solve/small_solver.hpp"

namespace excise {

class ActiveSet final : public SmallSolver {
 public:
  // `noise` is the rounding error of a correlation: smaller violations mean nothing.
  ActiveSet(Quadratic& quadratic, const Penalty& penalty, double noise, std::function<void()> poll);

  bool solve(double alpha) override;
  // Columns that are dependent stay out.
  void start(std::span<const Index> columns, std::span<const double> b) override;
  void expect_ties() override { ties_ = true; }

  // The next change of the support as alpha falls, at an alpha of at most the present one.
  struct Crossing {
    double alpha;          // -infinity: there is none
    double rate = 0;       // how fast the column that crosses then departs, per unit of alpha
    Indices columns = {};  // that cross there, all of them; none: only so far is known
  };
  Crossing next_crossing();
  // Alpha falls by little at a time from now on: with a ridge the factor is not made anew for each,
  // and near-twins that a weak one hardly tells apart are not exchanged for ever.
  void follow() { lag_ = 0.25; }
  bool taxed(Index j) const { return penalty_.l1[sz(j)] > 0; }

  void grow(const Penalty& more) override;
  void keep(std::span<const Index> kept) override;

  Index size() const { return ix(b_.size()); }
  const Vec& coefficients() const override { return b_; }
  const Vec& correlations() const override { return c_; }
  double residual_square() const override { return rr_; }
  // Columns whose coefficient may differ from zero: the factor's, then those at a bound.
  std::span<const Index> active() const { return active_; }
  const Indices& support() override;
  std::size_t n_active() const override { return active_.size(); }
  // -1 or 1: the side of the kink on which a column stands; 0: on none
  int sign(Index j) const;
  Index n_solves() const override { return n_solves_; }

  // For who goes on from here: see Refit
  double alpha() const { return alpha_; }
  double noise() const { return noise_; }
  const Penalty& penalty() const { return penalty_; }
  const Cholesky& factor() const { return factor_; }
  // The Gram matrix of some columns, the active ones first
  Vec gram(std::span<const Index> columns) const;

 private:
  enum class Side : std::int8_t { Zero, Plus, Minus, Smooth, AtLower, AtUpper };
  struct Interval {
    double low, high;
  };

  struct Reach;
  bool lags_too_far() const;
  void recentre();
  double ridge_at_centre(Index j) const { return centre_ * penalty_.l2[sz(j)]; }
  const Vec& term(std::size_t k);
  std::size_t terms_until(double t);
  Vec slope();
  std::vector<Reach> reaches(const Vec& db, const Vec& dc) const;
  Vec bend(const Reach& reach);
  double root(const Reach& reach);
  bool newton();
  bool descend();
  bool settle();
  bool step_within();
  void refresh();
  double objective() const;
  ElasticNet at(Index j) const { return penalty_.at(j, alpha_); }
  Interval interval(Index j) const;
  bool inside(Index j, double b) const;
  void find_bound();
  double excess(Index j, Side* side) const;
  struct Entry {
    Index column;
    Side side;
  };
  bool admit(Index j, Side side);
  bool admit(const Entry& entry, double diagonal, std::span<const double> solved);
  double independent(const Entry& entry, double diagonal, double pivot, Vec& x);
  double sharpen(Index j, double pivot, Vec& x);
  Index admit_all(std::span<const Entry> entries);
  bool exchange(Index j, Side side);
  void fix(Index j, double value);
  void release(Index position);
  void refactor();
  bool at_optimum() const;
  void polish();
  bool refine(double& last);
  const Vec& newton_target();

  Quadratic& quadratic_;
  Penalty penalty_;
  double noise_;
  std::function<void()> poll_;
  bool ridge_;
  double alpha_ = 0.0;

  std::vector<Side> side_;
  Vec b_, c_, before_;
  double rr_ = 0.0;
  Indices active_;  // in the order of the factor
  Cholesky factor_;
  double centre_ = 0.0;     // the alpha of the factor, where there is a ridge
  double lag_ = 0.0;        // how far from there it serves, as a share; 0: nowhere else
  std::vector<Vec> terms_;  // of the curve of this support: see homotopy.cpp
  Vec gram_;  // packed rows of G_AA, kept only when a ridge makes the factor depend on alpha
  std::vector<char> barred_;  // refused at this alpha: dependent, or lost in rounding
  bool bounded_ = false;      // a column may rest at a bound that is not zero
  bool ties_ = false;
  Index n_solves_ = 0;

  // Room that is used again and again
  Vec target_, values_, bound_values_, work_, crosses_, projected_, solved_, begun_;
  Indices support_, bound_, named_, inside_;
  std::vector<Entry> entries_;
};

}  // namespace excise
