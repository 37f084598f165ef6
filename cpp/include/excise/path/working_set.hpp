// The columns that a solver sees, and their places in the whole. How the problem on these columns
// is solved depends on the loss: see ExactSet for the squared loss, NewtonSet for the others.
#pragma once

#include "excise/path/refinement.hpp"

namespace excise {

class WorkingSet {
 public:
  explicit WorkingSet(const StandardProblem& problem)
      : problem_(problem), slot_(sz(problem.design->cols()), -1) {}
  virtual ~WorkingSet() = default;

  bool holds(Index j) const { return slot_[sz(j)] >= 0; }
  Index size() const { return ix(members_.size()); }
  Index feature(Index slot) const { return members_[sz(slot)]; }
  Index slot(Index feature) const { return slot_[sz(feature)]; }

  // With the rest of their groups
  void add(const Indices& some) {
    const Indices features = problem_.penalty.whole(some);
    if (features.empty()) return;
    for (const Index j : features) {
      slot_[sz(j)] = size();
      members_.push_back(j);
    }
    grow(features, problem_.penalty.of(features));
  }

  // Forgets the taxed columns at rest that `wanted` does not name, and groups of such.
  void prune(const std::vector<char>& wanted) {
    const Penalty& penalty = problem_.penalty;
    Indices staying;
    for (const Index j : members_)
      if (wanted[sz(j)] || penalty.l1[sz(j)] == 0) staying.push_back(j);
    for (const Index k : support()) staying.push_back(members_[sz(k)]);
    std::vector<char> stays(members_.size());
    for (const Index j : penalty.whole(staying)) stays[sz(slot_[sz(j)])] = 1;
    Indices kept, members;
    for (std::size_t k = 0; k < members_.size(); ++k) {
      slot_[sz(members_[k])] = stays[k] ? ix(kept.size()) : -1;
      if (!stays[k]) continue;
      kept.push_back(ix(k));
      members.push_back(members_[k]);
    }
    keep(kept);
    members_ = std::move(members);
  }

  // Solves at `alpha` from where it stands; false if the optimality conditions do not hold yet.
  virtual bool solve(double alpha) = 0;
  // Takes these coefficients as the point to start from.
  virtual void start(std::span<const Index> slots, std::span<const double> b) = 0;

  // Slots whose coefficient may differ from zero
  virtual const Indices& support() = 0;
  virtual std::size_t n_active() const = 0;
  virtual const Vec& coefficients() const = 0;
  // Z_W'r
  virtual const Vec& correlations() const = 0;
  // r: minus the slopes of the loss, times the square roots of the weights
  virtual const Vec& residual() const = 0;
  virtual DataTerm data() const = 0;
  virtual double intercept() const = 0;
  virtual Index n_solves() const = 0;
  // Fits its points again
  virtual std::unique_ptr<Refinement> refinement(std::span<const double> shares) = 0;
  // The active set itself, where coefficients are linear in alpha between events; else null
  virtual ActiveSet* exact() { return nullptr; }

 protected:
  const StandardProblem& problem_;

 private:
  virtual void grow(const Indices& features, const Penalty& more) = 0;
  // Keeps these slots (rising) alone; all that are not zero are among them.
  virtual void keep(const Indices& kept) = 0;

  Indices members_, slot_;
};

// The squared loss: the small solver itself.
class ExactSet final : public WorkingSet {
 public:
  ExactSet(const StandardProblem& problem, const Context& context)
      : WorkingSet(problem),
        context_(context),
        quadratic_(problem.y, problem.design->pack()),
        solver_(small_solver(quadratic_, problem.penalty, problem.noise(), context.poll)) {
    constexpr double kShare = 0.5;  // of the wanted gap
    solver_->settle_for(kShare * problem.tol * problem.null_loss);
  }

  ActiveSet* exact() override { return dynamic_cast<ActiveSet*>(solver_.get()); }
  std::unique_ptr<Refinement> refinement(std::span<const double> shares) override {
    auto& exact = dynamic_cast<ActiveSet&>(*solver_);
    return std::make_unique<ExactRefinement>(problem_, shares, exact, quadratic_, context_, this);
  }
  bool solve(double alpha) override { return solver_->solve(alpha); }
  void start(std::span<const Index> slots, std::span<const double> b) override {
    solver_->start(slots, b);
  }
  const Indices& support() override { return solver_->support(); }
  std::size_t n_active() const override { return solver_->n_active(); }
  const Vec& coefficients() const override { return solver_->coefficients(); }
  const Vec& correlations() const override { return solver_->correlations(); }
  const Vec& residual() const override { return quadratic_.residual(); }
  DataTerm data() const override { return squared_term(solver_->residual_square()); }
  double intercept() const override { return 0.0; }
  Index n_solves() const override { return solver_->n_solves(); }

 private:
  void grow(const Indices& features, const Penalty& more) override {
    quadratic_.add(features);
    solver_->grow(more);
  }
  void keep(const Indices& kept) override {
    solver_->keep(kept);
    quadratic_.keep(kept);
  }

  const Context& context_;
  ColumnsQuadratic quadratic_;
  std::unique_ptr<SmallSolver> solver_;
};

std::unique_ptr<WorkingSet> working_set(const StandardProblem& problem, const Context& context);

}  // namespace excise
