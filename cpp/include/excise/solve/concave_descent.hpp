// Local minimum of  |y - Z b|^2 / 2 + sum_j Omega_j(b_j)  over a working set, each Omega_j concave
// in |b_j| as in ConcaveNet.
//
// While no coefficient changes its sign or its piece of the penalty, the objective is smooth, with
// second derivative  H = Z_A'Z_A + diag(Omega''),  A the support. Where H has a Cholesky factor it
// is convex there and Newton's method ends at its minimum: for MCP and SCAD, whose pieces are
// quadratic, in one step. A step that would carry a coefficient over an end of its piece is tried
// as a whole and else goes to the first such end, as far as the objective surely goes down; where a
// pivot shows that H is not positive, a column slides along the direction of negative curvature to
// the next end instead, so that no saddle is mistaken for a minimum. Then every feature at rest is
// checked: those that would leave zero by themselves come in one after the other, each at its
// minimum with the others held, as coordinate descent does (Breheny and Huang, Annals of Applied
// Statistics 5, 2011); sweeps of that kind also take over where a step gains nothing. What is
// returned is a minimum in every coordinate, and stationary to rounding. It need not be the lowest:
// that depends on where it starts, so a path goes down from a larger alpha.
#pragma once

#include "excise/solve/active_gram.hpp"
#include "excise/solve/cholesky.hpp"
#include "excise/solve/small_solver.hpp"

namespace excise {

class ConcaveDescent final : public SmallSolver {
 public:
  // `noise` is the rounding error of a correlation: smaller violations mean nothing.
  ConcaveDescent(Quadratic& quadratic, double noise, std::function<void()> poll);

  bool solve(double alpha) override;
  void start(std::span<const Index> columns, std::span<const double> b) override;
  void grow(const Penalty& more) override;
  void keep(std::span<const Index> kept) override;

  const Vec& coefficients() const override { return b_; }
  const Vec& correlations() const override { return c_; }
  double residual_square() const override { return rr_; }
  const Indices& support() override { return active_; }
  std::size_t n_active() const override { return active_.size(); }
  Index n_solves() const override { return n_solves_; }

 private:
  Index size() const { return ix(active_.size()); }
  ConcaveNet net(Index place) const { return penalty_.curve(active_[sz(place)], alpha_); }
  double bend(Index place) const {
    return net(place).bend(piece_[sz(place)], std::abs(x_[sz(place)]));
  }

  // Who is in
  void admit(std::span<const Index> columns);
  void release(Index place);
  void release_zeros(Index from = 0);
  Indices find_entries();
  void enter(std::span<const Index> columns);
  bool overstay();

  // Where it stands
  void look();
  void refresh();
  void see_pieces();
  double unbalance();
  double violation();
  void minimise(Index place);
  void sweep();

  // Newton's method
  void settle();
  enum class Stance : std::int8_t { Ready, Slid, Stuck };
  Stance prepare();
  Index factorise();
  enum class Went : std::int8_t { Whole, Part, Nowhere };
  Went go();
  Went go_bent(double promised);
  bool slide(Index place);
  struct Crossing {
    double share;
    Index place;
  };
  Crossing first_crossing(const Vec& step) const;
  void cross(const Vec& step, const Crossing& at);
  bool lower(const Vec& step, const Crossing& at);
  double change(const Vec& step);
  void move(const Vec& step, double share);

  Quadratic& quadratic_;
  Penalty penalty_;
  double noise_;
  std::function<void()> poll_;
  double alpha_ = 0.0;

  Vec b_, c_;  // of every column
  double rr_ = 0.0;
  bool looked_ = false;  // c_ is that of b_
  std::vector<char> inside_, barred_;
  std::vector<int> entered_;  // how often at this alpha

  Indices active_;  // the columns that are in, and for each:
  Vec x_, s_;       // coefficient and correlation,
  std::vector<int> piece_;
  Vec factored_;  // and its bend in the factor, which is that of the first of them
  ActiveGram gram_;
  Cholesky factor_;
  double taken_ = 1.0;   // share of the bends that the factor has
  int on_the_spot_ = 0;  // how often in a row a piece changed, and nothing moved
  Index n_solves_ = 0;

  Vec r_, d_, aim_, ge_, solved_, work_;
};

}  // namespace excise
