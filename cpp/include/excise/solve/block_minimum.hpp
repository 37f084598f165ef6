// The minimum over one group with all others held:  b'Gb / 2 - h'b + l1 |b| + l2 |b|^2 / 2.
//
// Zero where |h| <= l1. Else  b = (G + l2 + l1 / rho)^{-1} h  with rho = |b|: one equation in rho.
// As |h|, weighted in the eigenvectors of G, over numbers that are linear in rho,
//   N(rho) = |(rho (G + l2) + l1)^{-1} h| = 1,
// 1 / N is a power mean of those numbers: concave and rising. Newton's method from the left of the
// root stays there and needs no safeguard (in the manner of More and Sorensen, SIAM J. Sci. Stat.
// Comput. 4, 1983); with equal eigenvalues the first step is the last.
#pragma once

#include "excise/penalty/group.hpp"
#include "excise/solve/cholesky.hpp"

namespace excise {

class BlockMinimum {
 public:
  // Writes the minimum to b.
  void find(ConstMatrix gram, const GroupNet& net, std::span<const double> h, std::span<double> b);

 private:
  void factor(ConstMatrix gram, double ridge);
  double shortest(ConstMatrix gram, const GroupNet& net, std::span<const double> h) const;

  Cholesky factor_;
  Vec work_, x_, turned_;
};

}  // namespace excise
