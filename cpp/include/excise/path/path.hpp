// Certified solutions along falling alphas, on the standard scale (unit-length columns).
#pragma once

#include <memory>

#include "excise/certificate/duality.hpp"
#include "excise/design/design.hpp"
#include "excise/loss/loss.hpp"
#include "excise/solve/active_set.hpp"

namespace excise {

// The rounding error of a correlation of a unit-length column with a target of square length yy.
inline double rounding(double yy) {
  return 8 * std::numeric_limits<double>::epsilon() * std::sqrt(yy);
}

// min |y - Z b|^2 / 2 + sum_j Omega_j(b_j); y and the rows of Z carry the square roots of weights
// that sum to one, so y'y is a weighted mean. With a loss of another kind, y is as given and
//   min sum_i root_i^2 l(y_i, eta_i) + sum_j Omega_j(b_j),   eta = intercept + offset + Z b / root.
struct StandardProblem {
  std::shared_ptr<const Design> design;  // Z
  Vec y;
  Vec root;         // square roots of the weights
  double yy = 0.0;  // y'y; or the square size of what slopes of the loss are made of
  Penalty penalty;
  std::shared_ptr<const Loss> loss;  // null: squared
  Vec offset;                        // empty: none
  bool fit_intercept = false;        // of the squared loss it is gone with the centres
  double null_loss = 0.0;            // with the best intercept alone
  double tol = 0.0;                  // wanted gap over the null loss, where that saves work
  double noise() const { return rounding(yy); }
};

struct PathPoint {
  double alpha = 0.0;
  Indices support;
  Vec values;       // coefficients of the support
  double rr = 0.0;  // |y - Z b|^2; of another loss the deviance, twice its value
  double intercept = 0.0;
  Optimality optimality;
  bool converged = true;
};

// What is asked of a path: falling alphas, and the shares of each at which its support is fitted
// again.
struct Asked {
  std::span<const double> alphas, shares = {};
  Asked(std::span<const double> a, std::span<const double> s = {}) : alphas(a), shares(s) {}
  Asked(const Vec& a) : alphas(a) {}
};

struct PathResult {
  std::vector<PathPoint> points;
  std::vector<std::vector<PathPoint>> refined;  // the same again, per share: see Refinement
  Vec correlations;                             // Z'r at the last point, for every feature
  Index n_solves = 0;
  Index n_passes = 0;  // right-hand sides of correlate
};

// The points that are asked about: those of the path, or where there are shares the refined ones,
// share after share.
std::vector<const PathPoint*> judged_points(const PathResult& path);
// The largest gap of all points, the refined ones included
double worst_gap(const PathResult& path);

// Z'r with the unpenalised columns alone fitted: the start of every path.
struct NullModel {
  Vec correlations, residual;
};

// A solved point to start from instead of the null model.
struct Start {
  double alpha = 0.0;
  Indices support;
  Vec values;
};

// A feature enters or leaves the support as alpha falls through `alpha`.
struct Event {
  double alpha;
  Index feature;
  bool enters;
};

// Over the Gram matrix: no data are touched.
PathResult gram_path(ConstMatrix gram, std::span<const double> q, const StandardProblem& problem,
                     const Asked& asked, const Context& context, const Start* start = nullptr);
std::vector<Event> gram_events(ConstMatrix gram, std::span<const double> q, double yy,
                               const Penalty& penalty, double first, double last, double noise,
                               const Context& context);

// Over working sets: candidates by the sequential strong rule for a window of alphas
// (Tibshirani et al., JRSS B 74, 2012), then one multi-vector `correlate` that checks every
// feature at every alpha of the window.
PathResult working_set_path(const StandardProblem& problem, const NullModel& null,
                            const Asked& asked, const Context& context,
                            const Start* start = nullptr);
// Every feature is checked at every event. `candidates` start the working set where a grid is
// walked.
std::vector<Event> working_set_events(const StandardProblem& problem, const NullModel& null,
                                      const Indices& candidates, double first, double last,
                                      const Context& context);

// A ridge without any l1 and without bounds, for more columns than rows: through the n x n system
//   (Z_P L2^{-1} Z_P' + alpha I) u = y,   b_P = L2^{-1} Z_P' u,   r = alpha u,
// P the columns that pay, all rid of their part in the span of those that do not
// (Saunders, Gammerman, Vovk, ICML 1998). With more rows than kMostDirectRows the system is solved
// by conjugate gradients and never made: such a point is `converged` if its gap is as small as
// asked.
inline constexpr Index kMostDirectRows = 2000;
PathResult ridge_path(const StandardProblem& problem, std::span<const double> alphas,
                      const Context& context);

NullModel null_model(const StandardProblem& problem, const Context& context);
}  // namespace excise
