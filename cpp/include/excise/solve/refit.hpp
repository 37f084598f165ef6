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
  Vec gram;  // of the columns, where a ridge makes the factor depend on alpha
  struct Along {
    Index move = -1;  // none: not known
    double length = 0.0;
  };
  std::vector<Along> shares;  // b goes to b + length * move

  Index size() const { return ix(columns.size()); }
  Index count() const { return columns.empty() ? 0 : ix(moves.size()) / size(); }
};

// Refits the points of one path, at shares of their alphas.
class Refitter {
 public:
  explicit Refitter(std::span<const double> shares);

  // Where `solver` stands. A share is not known where a coefficient meets a bound or a ridge is
  // paid too.
  Refit at(ActiveSet& solver);

 private:
  void begin(const ActiveSet& solver);
  bool solve(double strength);
  void line(double strength);
  bool within() const;
  bool hold(double strength);
  bool let_go();
  bool come_back(double strength);
  void touch();

  Vec shares_;
  Indices falling_;  // the shares, the largest first

  // Room that is used again and again. Of each column of the factor:
  const Cholesky* factor_ = nullptr;
  double alpha_ = 0.0, noise_ = 0.0;
  Vec b_, tax_, lower_, upper_, direction_;
  Vec begun_, now_;  // signs: at the beginning, and now; 0 rests, or pays nothing
  Vec x_;            // the coefficients
  Indices place_;    // where among those that have met zero, or -1
  // Of each that has met zero:
  Indices touched_;
  Vec force_;
  std::vector<Vec> forward_, inverse_;  // L^-1 e, and rows of G^-1 between them
  std::vector<const double*> at_;
  Indices resting_, fresh_;
  Cholesky small_;
  Vec moved_, rest_, cross_, solved_;
};

}  // namespace excise
