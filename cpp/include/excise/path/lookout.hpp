// What a path over a working set has to know of all the other columns: which of them may enter
// soon, and whether one was missed. X is read once for a window of alphas.
#pragma once

#include "excise/path/working_set.hpp"

namespace excise {

class Lookout {
 public:
  // What it is given must outlive it. Unpenalised columns join the working set at once.
  Lookout(const StandardProblem& problem, const NullModel& null, WorkingSet& set,
          const Context& context);

  // Begins at `alpha`, where the working set is solved, instead of the null model.
  void start(double alpha);

  // Features that may earn their tax at `alpha`: correlations go on as they did since the last
  // reading but one, give or take `slope_` times the fall of alpha; with no past, the strong rule.
  std::span<const Index> ahead(double alpha);
  // These join the working set, which forgets others if it has grown too large.
  void enlist(std::span<const Index> candidates);

  // A new window
  void clear();
  // The working set is solved at the window's next alpha.
  void note(double alpha);
  Index size() const { return ix(alphas_.size()); }
  const double* residual(Index l) const { return residuals_.data() + l * n_; }
  // c = Z'r of the last residual
  void meet(std::span<const double> c);
  // Z'r at the l-th alpha, exact for `others` and the whole of it at the last one
  double* seen(Index l);
  const Indices& others() const { return others_; }
  // So many of the window's alphas stand; the features missed at others join the working set.
  void settle(Index accepted, Indices missed);

  Certifier& certifier() { return certifier_; }
  // Z'r at the last alpha that stands, perhaps between two readings
  const Vec& reference() const { return reference_; }
  double alpha() const { return reference_alpha_; }
  Index n_passes() const { return n_passes_; }

 private:
  void lay_over(Index l, Vec& c) const;
  void interpolate(Index l, Vec& c) const;
  void read_all(Index count);
  void read_some(Index count);

  const StandardProblem& problem_;
  WorkingSet& set_;
  const Context& context_;
  Index n_, p_;
  std::unique_ptr<Pack> read_;  // columns that are read again
  Certifier certifier_;
  Vec met_, met_correlations_, end_;  // a residual that met every column, what it saw; the next
  Vec reference_;
  double reference_alpha_;
  Vec past_;  // Z'r at the reading before
  double met_alpha_, past_alpha_;
  double slope_ = 0.3;   // how far |dc/dalpha| may be from what it was
  bool missed_ = false;  // the last window missed a feature: nothing is forgotten now
  Vec alphas_, residuals_;
  std::vector<Vec> own_;  // correlations of the working set, alpha by alpha
  Vec between_;           // where each residual lies on the way to the last
  Indices looked_;        // features that the bound leaves in doubt
  Vec again_;             // their correlations, alpha by alpha
  Indices others_;        // features that may earn their tax: those and the working set
  Vec here_;              // correlations of `others_` at one alpha
  Vec direction_, rest_;
  Index n_passes_ = 0;
};

}  // namespace excise
