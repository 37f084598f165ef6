// The inverse of  H = Z'Z + D  by way of the rows, where there are more columns than rows:
//   H^{-1} = D^{-1} - D^{-1} Z' K^{-1} Z D^{-1},   K = I + Z D^{-1} Z'
// (Woodbury). D has a block  (l2 + slack) I + stiff (I - u u')  for each group of columns. Its
// inverse is a multiple of the identity and one of u u', so that a group that comes, goes or bends
// otherwise is a change of K of as many ranks as it has columns, and one; K is factored anew.
//
// The slack stands for what H has not: along u the penalty of a group is straight. So it is a
// preconditioner, and groups that have left may stay in K for a while.
#pragma once

#include "excise/solve/cholesky.hpp"

namespace excise {

class RowFactor {
 public:
  // A group: its block of D, and its columns
  struct Part {
    double stiff, l2;
    std::span<const double> u;
    std::span<const double* const> columns;
  };

  void clear(Index rows);
  Index rows() const { return rows_; }
  bool ready() const { return factor_.size() == rows_ && rows_ > 0; }

  // From the next factor on, a part is in K (share 1) or no longer (share -1).
  void change(const Part& part, double share);
  Index changes() const { return ix(weights_.size()); }
  void factor();

  // v := D^{-1} v for a block; `slack` is what stands beside its l2
  static void unbend(const Part& part, double slack, std::span<double> v);
  // t := K^{-1} t
  void solve(double* t) const { factor_.solve(t); }

  static constexpr double kSlack = 1e-4;  // columns have length one

 private:
  void add_changes();

  Index rows_ = 0;
  Vec k_;                  // the upper half of K
  Vec vectors_, weights_;  // what comes to it: weight times vector times its transpose
  Vec turned_, weighted_;
  Cholesky factor_;
};

}  // namespace excise
