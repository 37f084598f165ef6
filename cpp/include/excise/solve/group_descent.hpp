// Exact minimiser of  |y - Z b|^2 / 2 + sum_g ( l1_g |b_g| + own_g |b_g|_1 + l2_g |b_g|^2 / 2 )
// over a working set of groups of columns.
//
// Where every group of a set is away from zero the objective is smooth, with second derivative
//   H = Z'Z + diag over groups of ( l1 / |b| (I - u u') + l2 ),   u = b / |b|,
// and Newton's method ends at the minimum over that set. So: Newton steps on the groups that are
// in, as far as the objective goes down; a group that a step would carry through zero is minimised
// by itself instead, and leaves if that is zero; then every group at rest is checked, those that
// earn more than their tax come in by a minimum over each alone, and all repeats until nothing
// changes. Where a step gains nothing, a sweep of such minima takes over: that alone converges
// (Tseng, J. Optim. Theory Appl. 109, 2001), so Newton's method only has to be fast.
//
// H changes with b, and a factor costs as much as many products with H. So the factor is that of an
// earlier H, with columns appended and deleted as groups come and go, and conjugate gradients make
// up for the difference; it is made anew when their steps have cost as much as it does. Where many
// more columns are in than there are rows, the factor is one of rows (RowFactor). Where every
// group is one column in several outputs, the factor is one for all outputs: of the Gram matrix of
// the columns, with the mean curvature of each group on its diagonal.
//
// Of a sparse group (own > 0) only the columns that are not zero are in: with their signs it is
// smooth like the others. A column that a step would carry through zero is met like such a group,
// and columns of groups that are in come in as groups do.
#pragma once

#include "excise/solve/active_gram.hpp"
#include "excise/solve/block_minimum.hpp"
#include "excise/solve/rough_factor.hpp"
#include "excise/solve/rough_gram.hpp"
#include "excise/solve/row_factor.hpp"
#include "excise/solve/small_solver.hpp"

namespace excise {

class GroupDescent final : public SmallSolver {
 public:
  // `noise` is the rounding error of a correlation: smaller violations mean nothing.
  GroupDescent(Quadratic& quadratic, double noise, std::function<void()> poll);

  bool solve(double alpha) override;
  void start(std::span<const Index> columns, std::span<const double> b) override;
  void grow(const Penalty& more) override;
  void keep(std::span<const Index> kept) override;
  void settle_for(double gap) override { enough_ = gap; }

  const Vec& coefficients() const override { return b_; }
  const Vec& correlations() const override { return c_; }
  double residual_square() const override { return rr_; }
  const Indices& support() override { return active_; }
  std::size_t n_active() const override { return active_.size(); }
  Index n_solves() const override { return n_solves_; }

 private:
  // A group that is in, and the places of its columns. Of one that pays nothing, columns that are
  // dependent on others stay out; of a sparse one those that are zero.
  struct Block {
    Index group, first, size;
    double stiff;          // l1 / |b|
    double factored;       // the same in the factor
    double ridge = 0.0;    // l2 in the factor by rows
    bool in_rows = false;  // whether it is in that
  };
  std::span<double> of(const Block& block, Vec& v) const {
    return std::span(v).subspan(sz(block.first), sz(block.size));
  }
  std::span<const double> of(const Block& block, const Vec& v) const {
    return std::span(v).subspan(sz(block.first), sz(block.size));
  }
  GroupNet net(const Block& block) const { return penalty_.group(block.group, alpha_); }
  Index size() const { return ix(active_.size()); }

  // Who is in
  void restart();
  void admit(std::span<const Index> groups, bool earning);
  Indices columns_of(Index group, bool earning);
  Indices independent(Index group);
  void enter(std::span<const Index> groups);
  Indices find_entries();
  void release_zeros();
  void release(std::size_t block);
  void cut(std::size_t block, Index first, Index count);
  double excess(Index group);

  // Where it stands
  void look();
  void scatter();
  void refresh();
  double unbalance();
  double wanted() const;

  // One group by itself, given where it and all others are; it moves there.
  void minimise(const Block& block, Vec& x, Vec& s);
  void see_copies();
  bool sweep();

  // Newton's method, its factor by columns or by rows
  void descend(double wanted);
  void direction(bool roughly);
  void factor();
  bool rough() const;
  void truncate(Index size);
  Index factored() const { return std::max(factor_.size(), rough_.size()); }
  void forget();
  double outdated(const Block& block) const;
  double bent(const Block& block, Index i, Index k) const;
  void precondition(Vec& v);
  bool by_rows() const;
  RowFactor::Part part_then(const Block& block);
  void leave_rows(Block& block);
  void factor_rows();
  void precondition_rows(Vec& v);
  void multiply(const Vec& v, Vec& out) const;
  bool move();
  double left(const Block& block, const Vec& step) const;
  double meets_zero(const Block& block, const Vec& step) const;
  bool move_beside(std::span<const std::size_t> crossing);
  bool move_to_zero(std::span<const std::size_t> crossing, double share);
  double change(const Vec& step, const Vec& bends) const;
  void go(const Vec& step, const Vec& bends);

  Quadratic& quadratic_;
  Penalty penalty_;
  double noise_;
  std::function<void()> poll_;
  double alpha_ = 1.0, enough_ = 0.0;

  Vec b_, c_;  // of every column
  double rr_ = 0.0;
  std::vector<char> inside_;  // of every group: whether it is in
  std::vector<int> entered_;  // and how often it came in at this alpha

  std::vector<Block> blocks_;
  Indices active_;  // the columns that are in, block after block
  Vec x_, s_;       // of those: coefficients and correlations
  ActiveGram gram_;
  RoughGram rough_gram_;
  Cholesky factor_;       // of an earlier H, for the first of them
  RoughFactor rough_;     // the same in single precision, where many columns are in,
  bool precise_ = false;  // unless that had too few digits
  RowFactor rows_;        // the same by rows
  std::vector<const double*> at_, part_at_;
  Vec inner_, seen_by_rows_;
  Index spent_ = 0;  // steps of conjugate gradients since it was made
  Index n_solves_ = 0;

  Indices loose_;  // independent columns that pay nothing, and the factor of their Gram matrix
  Cholesky loose_factor_;

  Vec u_then_;  // directions of the groups in the factor
  Vec u_, r_;   // directions of the groups; minus the slopes of the objective
  Vec d_, gd_;  // the step wanted, and G times it
  BlockMinimum minimum_;
  Vec rest_, p_, hp_, gp_, z_, outputs_, work_, solved_, room_, seen_;
};

}  // namespace excise
