// A path over working sets, a window of alphas at a time. Who drives it reads X: several paths over
// the rows of one table can share a reading.
#pragma once

#include "excise/path/working_set.hpp"

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
  std::span<const double> asks() const { return {residual(window_ - 1), sz(n_)}; }
  // c = Z'r of that residual. Checks every feature at every alpha of the window; those that stand
  // are done with. At the first alpha that misses a feature, the features missed there and further
  // down join the working set.
  void accept(std::span<const double> c);

  // Reads X by itself until no alpha is left.
  PathResult run();
  PathResult result();

 private:
  Index choose_window();
  std::span<const Index> look_ahead(double alpha);
  void solve_window();
  void correlate_window();
  Index certify_window(Indices& missed);
  void go_back(const PathPoint& point);
  void lay_over(Index l, Vec& c) const;
  void interpolate(Index l, Vec& c) const;
  void read_all(Index count);
  void read_some(Index count);

  const double* residual(Index l) const { return residuals_.data() + l * n_; }

  const StandardProblem& problem_;
  std::span<const double> alphas_;
  const Context& context_;
  double reading_;
  Index n_, p_;
  Index next_ = 0, window_ = 0;  // the first alpha of the window, and how many it has
  std::unique_ptr<WorkingSet> held_;
  WorkingSet& set_;
  std::unique_ptr<Pack> read_;  // columns that are read again
  Certifier certifier_;
  std::unique_ptr<Refinement> refinement_;  // null: not asked for
  Vec met_, met_correlations_, end_;  // a residual that met every column, what it saw; the next
  Vec reference_;                     // Z'r at the last accepted alpha, perhaps between two such
  double reference_alpha_;
  Vec past_;  // Z'r at the reading before
  double met_alpha_, past_alpha_;
  double slope_ = 0.3;   // how far |dc/dalpha| may be from what it was
  bool missed_ = false;  // the last window missed a feature: nothing is forgotten now
  Indices candidates_;
  Vec residuals_;
  std::vector<Vec> own_;  // correlations of the working set, alpha by alpha
  std::vector<DataTerm> data_;
  Vec between_;     // where each residual lies on the way to the last
  Indices looked_;  // features that the bound leaves in doubt
  Vec again_;       // their correlations, alpha by alpha
  Indices others_;  // features that may earn their tax: those and the working set
  Vec here_;        // correlations of `others_` at one alpha
  Vec direction_, rest_;
  std::vector<PathPoint> points_;
  PathResult result_;
};

}  // namespace excise
