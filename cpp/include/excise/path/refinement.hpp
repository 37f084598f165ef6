// The points of a path, each fitted again on its support where everybody pays a share of alpha: a
// decorator of whoever makes the path. A refined point is certified for the problem that has the
// columns of the support alone.
#pragma once

#include "excise/path/path.hpp"
#include "excise/solve/refit.hpp"

namespace excise {

class WorkingSet;

class Refinement {
 public:
  Refinement(const StandardProblem& problem, std::span<const double> shares)
      : problem_(problem),
        shares_(shares.begin(), shares.end()),
        certifier_(problem.penalty, problem.noise()),
        seen_(sz(problem.penalty.size())),
        refined_(shares.size()) {}
  virtual ~Refinement() = default;

  // The path has come to this point.
  virtual void note(const PathPoint& point) = 0;
  // The first `count` of the points noted stand, the others will come again.
  virtual void settle(Index count) = 0;
  // Per share, a point for every alpha that stands
  std::vector<std::vector<PathPoint>> result() { return std::move(refined_); }

 protected:
  // The point of these features (rising), coefficients and correlations, certified
  PathPoint made(double strength, std::span<const Index> features, const Vec& b, const Vec& c,
                 const DataTerm& data);

  const StandardProblem& problem_;
  Vec shares_;
  Certifier certifier_;
  Vec seen_;
  Indices others_;
  std::vector<std::vector<PathPoint>> refined_;
};

// Of the squared loss: points that have been solved by an ActiveSet, whose columns are features, or
// slots of a working set.
class ExactRefinement final : public Refinement {
 public:
  ExactRefinement(const StandardProblem& problem, std::span<const double> shares, ActiveSet& solver,
                  const Quadratic& quadratic, const Context& context,
                  const WorkingSet* set = nullptr)
      : Refinement(problem, shares),
        refitter_(shares),
        solver_(solver),
        quadratic_(quadratic),
        context_(context),
        set_(set) {}

  void note(const PathPoint& point) override;
  void settle(Index count) override;

 private:
  PathPoint point(const Refit& refit, std::size_t share, const Vec& images);
  PathPoint judged(double strength, const Vec& b, const Vec& c, double rr);
  void solve_anew(const Refit& refit, std::vector<PathPoint>& points);

  Refitter refitter_;
  ActiveSet& solver_;
  const Quadratic& quadratic_;
  const Context& context_;
  const WorkingSet* set_;
  std::vector<Refit> noted_;
  // Of the point at hand: its features, rising, the places of their columns, and what they have
  Indices features_, places_;
  Vec b_, c_;
};

// Of another loss: Newton's method on the support.
class NewtonRefinement final : public Refinement {
 public:
  NewtonRefinement(const StandardProblem& problem, std::span<const double> shares,
                   const Context& context)
      : Refinement(problem, shares), context_(context) {}

  void note(const PathPoint& point) override { noted_.push_back(point); }
  void settle(Index count) override;

 private:
  void fit(const PathPoint& point);

  const Context& context_;
  std::vector<PathPoint> noted_;
};

}  // namespace excise
