// A loss that is not squared, on a working set: proximal Newton.
//
// About the present eta the loss is  u0 d0 + c'd  below its value, plus half of (d0, d)'H(d0, d),
// H = (root, Z)' diag(l'') (root, Z); minimised over the intercept it is a quadratic in b alone,
// which the exact active set solves together with the penalty. A step along the segment to that
// minimum lowers the objective (Lee, Sun, Saunders, SIAM J. Optim. 24, 2014). Gradient and
// certificate are always those of the loss, so that H need not be the latest one: it is made anew
// when the steps that an old one still costs are dearer than it is.
#pragma once

#include <algorithm>
#include <optional>

#include "excise/path/working_set.hpp"

namespace excise {

class NewtonSet final : public WorkingSet {
 public:
  NewtonSet(const StandardProblem& problem, const Context& context);

  bool solve(double alpha) override;
  void start(std::span<const Index> slots, std::span<const double> b) override;
  const Indices& support() override;
  std::size_t n_active() const override {
    return b_.size() - sz(std::count(b_.begin(), b_.end(), 0.0));
  }
  const Vec& coefficients() const override { return b_; }
  const Vec& correlations() const override { return c_; }
  const Vec& residual() const override { return residual_; }
  DataTerm data() const override;
  double intercept() const override { return intercept_; }
  Index n_solves() const override { return n_solves_; }
  // The square size of what the slopes here are made of
  double square_size() const { return loss_.square_size(problem_.y, eta_, weight_); }

 private:
  void grow(const Indices& features, const Penalty& more) override;
  void keep(const Indices& kept) override;

  struct Point {
    Vec b;
    double intercept;
  };
  ElasticNet at(Index k) const { return penalty_.at(k, alpha_); }
  void predict(const Point& point, Vec& eta) const;
  void expand();
  // v := D^(-1/2) H D^(-1/2) v, D = diag(weight)
  void bend(const Vec& bends, const Coupling* coupling, double* v) const;
  double violation() const;
  double small_enough() const;
  double penalty(const Vec& b) const;
  void make_model();
  void extend_model(Index first);
  Point model_minimum();
  struct Step {
    double length = 0.0;   // share of the way to the minimum of the model
    bool rounded = false;  // nothing but rounding was left to gain
  };
  Step step(double violated);
  void descend();
  void move_to(const Point& point, const Vec& eta);
  bool worth_a_new_model(double before, double now) const;

  const Context& context_;
  Vec weight_, inverse_root_;
  std::unique_ptr<Loss> own_;
  const Loss& loss_;
  std::unique_ptr<Pack> pack_;
  Penalty penalty_;
  double alpha_ = 0.0, noise_, least_tax_ = kInfinity;

  Vec b_, c_;
  Indices support_;
  double intercept_ = 0.0, u0_ = 0.0;  // u0 = root'residual: minus the slope by the intercept
  Vec eta_, slope_, bend_, cap_, residual_;
  std::shared_ptr<const Coupling> coupling_;
  Vec moved_, there_;  // by how much the last step moved root o eta; where it wanted to

  // The model: bends it was made of, H about the intercept, and H between intercept and columns
  bool has_model_ = false, fresh_ = false;
  double damping_ = kInfinity;  // the share of its cap that a bend is at least taken to be
  Vec model_bend_, bent_root_, gram_, with_intercept_, target_;
  std::shared_ptr<const Coupling> model_coupling_;
  double curvature_ = 0.0;  // of the intercept
  double stretch_ = 1.0;    // the loss now bends so many times as the model does
  GramQuadratic quadratic_;
  std::optional<ActiveSet> solver_;
  Index n_solves_ = 0;
};

}  // namespace excise
