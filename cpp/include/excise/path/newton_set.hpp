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

#include "excise/path/working_set.hpp"

namespace excise {

class NewtonSet final : public WorkingSet {
 public:
  NewtonSet(const StandardProblem& problem, const Context& context);

  bool solve(double alpha) override;
  void start(std::span<const Index> slots, std::span<const double> b) override;
  std::unique_ptr<Refinement> refinement(std::span<const double> shares) override {
    return std::make_unique<NewtonRefinement>(problem_, shares, context_);
  }
  const Indices& support() override;
  std::size_t n_active() const override {
    return now_.b.size() - sz(std::count(now_.b.begin(), now_.b.end(), 0.0));
  }
  const Vec& coefficients() const override { return now_.b; }
  const Vec& correlations() const override { return now_.c; }
  const Vec& residual() const override { return now_.residual; }
  DataTerm data() const override;
  double intercept() const override { return now_.intercept; }
  Index n_solves() const override { return n_solves_; }
  // The square size of what the slopes here are made of
  double square_size() const { return loss_.square_size(problem_.y, now_.eta, weight_); }

 private:
  void grow(const Indices& features, const Penalty& more) override;
  void keep(const Indices& kept) override;

  struct Point {
    Vec b;
    double intercept;
  };
  void go_to(const Point& point);
  void expand(Index begin, Index end);
  void expand();
  // v := D^(-1/2) H D^(-1/2) v, D = diag(weight)
  void bend(const Vec& bends, const Coupling* coupling, double* v) const;
  void balance();
  double violation() const;
  double small_enough() const;
  double penalty(const Vec& b) const { return penalty_.value(b, alpha_); }
  void make_model();
  void extend_model(Index first);
  Point model_minimum();
  struct Step {
    double length = 0.0;   // share of the way to the minimum of the model
    double share = 0.0;    // of the way that was tried first
    bool rounded = false;  // nothing but rounding was left to gain
  };
  Step step(double violated);
  void descend();
  void dust();
  double smooth_objective() const;
  bool cheap_to_shrink() const;
  void see_stretch();
  bool worth_a_new_model(double before, double now) const;

  const Context& context_;
  Vec weight_, inverse_root_;
  std::unique_ptr<Loss> own_;
  const Loss& loss_;
  std::unique_ptr<Pack> pack_;
  Penalty penalty_;
  double alpha_ = 0.0, noise_, least_tax_ = kInfinity;
  bool strict_ = false;  // everything is solved to rounding

  // Where it stands, and what the loss says there
  struct State {
    Vec b, c;
    double intercept = 0.0, u0 = 0.0;  // u0 = root'residual: minus the slope by the intercept
    Vec eta, slope, bend, cap, residual;
    std::shared_ptr<const Coupling> coupling;
    // Makes room for what `other` has.
    void fit(const State& other) {
      c.resize(other.c.size());
      for (auto v : {&State::eta, &State::slope, &State::bend, &State::cap, &State::residual})
        (this->*v).resize((other.*v).size());
    }
  };
  State now_, before_;
  Vec move_, bent_;  // by how much the last step wanted to move eta; room
  Indices support_;

  // The model: bends it was made of, H about the intercept, and H between intercept and columns
  bool has_model_ = false, fresh_ = false;
  static constexpr double kFirstDamping = 1e-4;
  double damping_ = kInfinity;  // the share of its cap that a bend is at least taken to be
  Vec model_bend_, bent_root_, gram_, room_, with_intercept_, target_;
  std::shared_ptr<const Coupling> model_coupling_;
  double curvature_ = 0.0;  // of the intercept
  double stretch_ = 1.0;    // the loss now bends so many times as the model does
  GramQuadratic quadratic_;
  std::unique_ptr<SmallSolver> solver_;
  Index n_solves_ = 0, most_solves_ = 0;  // so far, and where this alpha ends
};

}  // namespace excise
