// The small problem on its own support, where everybody pays a share of the tax: the second stage
// of a relaxed lasso (Meinshausen, Computational Statistics and Data Analysis 52, 2007).
//
// With the Cholesky factor of G_AA at hand, taking t off the tax moves b by t d, d = G^-1 (l1 s): a
// line, until a coefficient meets zero. Those that then rest there, D, are held by forces u,
//   G b = q - tax l1 s + E_D u,   b_D = 0,   so that  (G^-1)_DD u = -b_D of the line,
// a Schur complement (Gill, Murray, Saunders, Wright, SIAM J. Matrix Anal. Appl. 11, 1990): the
// factor stays as it is, and a column that meets zero costs a triangular solve. One that is pushed
// through zero by more than its tax goes on with the other sign.
#pragma once

#include "excise/solve/active_set.hpp"

namespace excise {

// Where a solver stands, and by how much its coefficients move from there.
struct Refit {
  double alpha = 0.0, square = 0.0;  // and |r|^2
  Indices columns;                   // those that are not zero, and those that pay nothing
  Vec b, c;                          // their coefficients and correlations
  Vec moves;                         // columns.size() numbers each
  Vec gram;                          // of the columns, where a ridge makes the factor depend on alpha
  struct Along {
    Index move = -1;  // none: not known
    double length = 0.0;
  };
  std::vector<Along> shares;  // b goes to b + length * move

  Index size() const { return ix(columns.size()); }
  Index count() const { return columns.empty() ? 0 : ix(moves.size()) / size(); }
};

// For every share of the alpha at which `solver` stands; not known where a coefficient meets a bound
// or a ridge is paid too.
Refit refit(ActiveSet& solver, std::span<const double> shares);

}  // namespace excise
