// The columns that a solver sees, and their places in the whole.
#pragma once

#include "excise/path/path.hpp"

namespace excise {

class WorkingSet {
 public:
  WorkingSet(const StandardProblem& problem, const Context& context)
      : problem_(problem),
        quadratic_(problem.y, problem.design->pack()),
        solver_(quadratic_, Penalty{}, problem.noise(), context.poll),
        slot_(sz(problem.design->cols()), -1) {}

  Quadratic& quadratic() { return quadratic_; }
  ActiveSet& solver() { return solver_; }
  const Vec& residual() const { return quadratic_.residual(); }
  bool holds(Index j) const { return slot_[sz(j)] >= 0; }
  Index size() const { return ix(members_.size()); }
  Index feature(Index slot) const { return members_[sz(slot)]; }

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
    quadratic_.add(features);
    solver_.grow(more);
  }

  Index slot(Index feature) const { return slot_[sz(feature)]; }

  // Forgets the taxed columns at rest that `wanted` does not name.
  void prune(const std::vector<char>& wanted) {
    std::vector<char> stays(members_.size());
    for (std::size_t k = 0; k < members_.size(); ++k)
      stays[k] = wanted[sz(members_[k])] || problem_.penalty.l1[sz(members_[k])] == 0;
    for (const Index k : solver_.support()) stays[sz(k)] = 1;
    Indices kept, members;
    for (std::size_t k = 0; k < members_.size(); ++k) {
      slot_[sz(members_[k])] = stays[k] ? ix(kept.size()) : -1;
      if (!stays[k]) continue;
      kept.push_back(ix(k));
      members.push_back(members_[k]);
    }
    solver_.keep(kept);
    quadratic_.keep(kept);
    members_ = std::move(members);
  }

 private:
  const StandardProblem& problem_;
  ColumnsQuadratic quadratic_;
  ActiveSet solver_;
  Indices members_, slot_;
};

}  // namespace excise
