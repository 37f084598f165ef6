// The data term: the weighted mean of l(y_i, eta_i), l convex in eta. Every l is half the unit
// deviance, so that it is never negative and 0 at a perfect fit.
//
// Polymorphism is at the level of whole vectors; what a loss is, row by row, stands in its own
// file.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "excise/base/types.hpp"

namespace excise {

// What rows that bend together have beside the diagonal, at one eta: K of H = diag(w bend) - K.
class Coupling {
 public:
  virtual ~Coupling() = default;
  // out -= D^(-1/2) K D^(-1/2) v, D = diag(w)
  virtual void subtract(const double* v, double* out) const = 0;
  // Where outputs of one row are coupled, and rows are not: f with f_k f_m in D^(-1/2) K D^(-1/2)
  // between outputs k and m of a row. Empty: rows are coupled.
  virtual std::span<const double> products() const { return {}; }
};

class Loss {
 public:
  virtual ~Loss() = default;

  // One of its own for a solver, where it keeps something between calls; null: this one serves all.
  virtual std::unique_ptr<Loss> begin(std::span<const double>, std::span<const double>) const {
    return nullptr;
  }

  // sum_i w_i l(y_i, eta_i)
  virtual double value(std::span<const double> y, std::span<const double> eta,
                       std::span<const double> w) const = 0;

  // What Newton's method sees in its place, where it has a kink
  virtual double smooth_value(std::span<const double> y, std::span<const double> eta,
                              std::span<const double> w) const {
    return value(y, eta, w);
  }
  // Comes nearer to the loss itself, at a minimum of what stands in its place; false: near enough,
  // the two are within `wanted`.
  virtual bool tighten(std::span<const double>, std::span<const double>, std::span<const double>,
                       std::span<const double>, double) {
    return false;
  }
  // Whether slopes are those of the loss, so that a dual point that is not shrunk costs nothing
  virtual bool exact() const { return true; }

  // slope_i = l'(y_i, eta_i), bend_i = l''(y_i, eta_i), derivatives by eta; cap_i >= bend_i bends a
  // parabola through l(eta_i) that does not fall below l, or is bend_i where l bends everywhere.
  // Null where rows bend by themselves; else bend is only the diagonal of the second derivative.
  virtual std::shared_ptr<const Coupling> expand(std::span<const double> y,
                                                 std::span<const double> eta, double* slope,
                                                 double* bend, double* cap) const = 0;

  // Whether expand() may be asked about some rows alone
  virtual bool by_rows() const { return false; }
  // Whether a row's loss depends on the eta of others
  virtual bool couples_rows() const { return false; }
  // Whether a constant added to eta makes a difference
  virtual bool has_intercept() const { return true; }

  // sum_i w_i [ l(eta_i) + l*(s v_i) - s v_i eta_i ]  for v_i = slope_i, 0 <= s <= 1: what a dual
  // point shrunk by s costs (Fenchel and Young). At most (1 - s) times the value, by convexity.
  virtual double shrunk_gap(std::span<const double> y, std::span<const double> eta,
                            std::span<const double> slope, std::span<const double> w,
                            double s) const = 0;

  // sum_i w_i size_i^2, the size of what is subtracted in a slope: its rounding follows from it
  virtual double square_size(std::span<const double> y, std::span<const double> eta,
                             std::span<const double> w) const = 0;

  // A finite eta at which the mean of a row is near `mean`
  virtual double link(double mean) const = 0;

  // Largest move of an eta in one step that arithmetic survives
  virtual double longest_step() const = 0;
  // Whether it bends everywhere: a dual point shrunk by s then costs of the order of (1 - s)^2
  virtual bool bends() const = 0;
};

// By name: "logistic", "poisson", "gamma", "tweedie", "negative_binomial", "huber",
// "squared_hinge", "quantile", "multinomial" (of so many outputs); null for "squared", which the
// engine solves without one. Throws std::invalid_argument for another name, or where the loss is
// not one of so many outputs.
std::shared_ptr<const Loss> make_loss(std::string_view name, double parameter, Index outputs = 1);

}  // namespace excise
