// The columns that a solver sees, and their places in the whole. How the problem on these columns
// is solved depends on the loss: see ExactSet for the squared loss, NewtonSet for the others.
#pragma once

#include "excise/path/path.hpp"

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

  void add(const Indices& features) {
    if (features.empty()) return;
    Penalty more;
    for (const Index j : features) {
      slot_[sz(j)] = size();
      members_.push_back(j);
      more.l1.push_back(problem_.penalty.l1[sz(j)]);
      more.l2.push_back(problem_.penalty.l2[sz(j)]);
      more.lower.push_back(problem_.penalty.lower[sz(j)]);
      more.upper.push_back(problem_.penalty.upper[sz(j)]);
    }
    grow(features, more);
  }

  // Forgets the taxed columns at rest that `wanted` does not name.
  void prune(const std::vector<char>& wanted) {
    std::vector<char> stays(members_.size());
    for (std::size_t k = 0; k < members_.size(); ++k)
      stays[k] = wanted[sz(members_[k])] || problem_.penalty.l1[sz(members_[k])] == 0;
    for (const Index k : support()) stays[sz(k)] = 1;
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

// The squared loss: the active set itself.
class ExactSet final : public WorkingSet {
 public:
  ExactSet(const StandardProblem& problem, const Context& context)
      : WorkingSet(problem),
        quadratic_(problem.y, problem.design->pack()),
        solver_(quadratic_, Penalty{}, problem.noise(), context.poll) {}

  ActiveSet* exact() override { return &solver_; }
  bool solve(double alpha) override { return solver_.solve(alpha); }
  void start(std::span<const Index> slots, std::span<const double> b) override {
    solver_.start(slots, b);
  }
  const Indices& support() override { return solver_.support(); }
  std::size_t n_active() const override { return solver_.active().size(); }
  const Vec& coefficients() const override { return solver_.coefficients(); }
  const Vec& correlations() const override { return solver_.correlations(); }
  const Vec& residual() const override { return quadratic_.residual(); }
  DataTerm data() const override { return squared_term(solver_.residual_square()); }
  double intercept() const override { return 0.0; }
  Index n_solves() const override { return solver_.n_solves(); }

 private:
  void grow(const Indices& features, const Penalty& more) override {
    quadratic_.add(features);
    solver_.grow(more);
  }
  void keep(const Indices& kept) override {
    solver_.keep(kept);
    quadratic_.keep(kept);
  }

  ColumnsQuadratic quadratic_;
  ActiveSet solver_;
};

std::unique_ptr<WorkingSet> working_set(const StandardProblem& problem, const Context& context);

}  // namespace excise
