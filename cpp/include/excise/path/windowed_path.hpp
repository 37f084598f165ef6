// A path over working sets, a window of alphas at a time. Who drives it reads X: several paths over
// the rows of one table can share a reading.
#pragma once

#include "excise/path/lookout.hpp"

namespace excise {

class WindowedPath {
 public:
  // What it is given must outlive it. `reading`: what a reading of X costs, in readings by one
  // path alone.
  WindowedPath(const StandardProblem& problem, const NullModel& null, const Asked& asked,
               const Context& context, double reading = 1.0);

  // Begins at a solved point instead of the null model.
  void start_from(const Start& start);

  // Solves the next window of alphas; false when none is left.
  bool advance();
  // The residual that has to meet every column before the window stands
  std::span<const double> asks() const { return {lookout_.residual(window_ - 1), sz(n_)}; }
  // c = Z'r of that residual. Checks every feature at every alpha of the window; those that stand
  // are done with. At the first alpha that misses a feature, the features missed there and further
  // down join the working set.
  void accept(std::span<const double> c);

  // Reads X by itself until no alpha is left.
  PathResult run();
  PathResult result();

 private:
  void lay_stones();
  Index choose_window();
  void solve_window();
  Index certify_window(Indices& missed);
  void go_back(const PathPoint& point);

  const StandardProblem& problem_;
  Vec alphas_;               // those asked for, and stones between them
  std::vector<char> asked_;  // 0: a stone
  const Context& context_;
  double reading_;
  Index n_, p_;
  Index next_ = 0, window_ = 0;  // the first alpha of the window, and how many it has
  std::unique_ptr<WorkingSet> held_;
  WorkingSet& set_;
  Lookout lookout_;
  std::unique_ptr<Refinement> refinement_;  // null: not asked for
  Indices candidates_;
  std::vector<DataTerm> data_;
  std::vector<PathPoint> points_;
  PathResult result_;
};

}  // namespace excise
