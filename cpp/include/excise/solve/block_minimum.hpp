// The minimum over one group with all others held:  b'Gb / 2 - h'b + l1 |b| + l2 |b|^2 / 2.
//
// Zero where |h| <= l1. Else  b = (G + l2 + l1 / rho)^{-1} h  with rho = |b|: one equation in rho.
// As |h|, weighted in the eigenvectors of G, over numbers that are linear in rho,
//   N(rho) = |(rho (G + l2) + l1)^{-1} h| = 1,
// 1 / N is a power mean of those numbers: concave and rising. Newton's method from the left of the
// root stays there and needs no safeguard (in the manner of More and Sorensen, SIAM J. Sci. Stat.
// Comput. 4, 1983); with equal eigenvalues the first step is the last.
//
// In a sparse group each column pays as well, own |b_j|. Where signs are known that is a change of
// h, so that an active set of columns and signs does: to its minimum, or as far as the first column
// that becomes zero; there a column at rest that earns more than its own tax comes in. It begins
// below the objective of zero, and only goes down.
#pragma once

#include "excise/penalty/group.hpp"
#include "excise/solve/cholesky.hpp"

namespace excise {

class BlockMinimum {
 public:
  // Writes the minimum to b, where a sparse group begins.
  void find(ConstMatrix gram, const GroupNet& net, std::span<const double> h, std::span<double> b);

 private:
  bool find_whole(ConstMatrix gram, const GroupNet& net, std::span<const double> h,
                  std::span<double> b, double farthest);
  void find_sparse(ConstMatrix gram, const GroupNet& net, std::span<const double> h,
                   std::span<double> b);
  void begin_sparse(ConstMatrix gram, const GroupNet& net, std::span<const double> h,
                    std::span<double> b);
  bool go_sparse(ConstMatrix gram, const GroupNet& net, std::span<const double> h,
                 std::span<double> b);
  void factor(ConstMatrix gram, double ridge);
  double shortest(ConstMatrix gram, const GroupNet& net, std::span<const double> h) const;

  Cholesky factor_;
  Vec work_, x_, turned_;
  std::vector<int> sign_;  // of every column of a sparse group; 0: at rest
  Indices active_;
  Vec gram_, target_, aim_;  // of those that are not
};

}  // namespace excise
