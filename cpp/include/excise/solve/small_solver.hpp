// What a working set needs to know of the solver of its small problem
//   min |y - Z_W b|^2 / 2 + Omega(b).
#pragma once

#include <functional>
#include <memory>

#include "excise/penalty/penalty.hpp"
#include "excise/solve/quadratic.hpp"

namespace excise {

class SmallSolver {
 public:
  virtual ~SmallSolver() = default;

  // Solves at `alpha` from where it stands; false if the optimality conditions do not hold yet.
  virtual bool solve(double alpha) = 0;
  // Takes these coefficients as the point to start from.
  virtual void start(std::span<const Index> columns, std::span<const double> b) = 0;
  // Many columns depend on one another, as those of several outputs do: a descent from tie to tie
  // that gains nothing is to end soon.
  virtual void expect_ties() {}
  // A point whose gap is surely no larger than this may be taken for solved.
  virtual void settle_for(double /*gap*/) {}
  // Columns were appended to the quadratic, with their penalties.
  virtual void grow(const Penalty& more) = 0;
  // The quadratic keeps these columns (rising) alone; all that are not zero must be among them.
  virtual void keep(std::span<const Index> kept) = 0;

  virtual const Vec& coefficients() const = 0;
  // Z'r at the coefficients, and r'r
  virtual const Vec& correlations() const = 0;
  virtual double residual_square() const = 0;
  // Columns whose coefficient may differ from zero, and how many
  virtual const Indices& support() = 0;
  virtual std::size_t n_active() const = 0;
  virtual Index n_solves() const = 0;
};

// The solver for columns that pay as those of `penalty` do: an ActiveSet, a GroupDescent where they
// pay in groups, a ConcaveDescent where the penalty is concave. `noise` is the rounding error of a
// correlation: smaller violations mean nothing.
std::unique_ptr<SmallSolver> small_solver(Quadratic& quadratic, const Penalty& penalty,
                                          double noise, std::function<void()> poll);

}  // namespace excise
