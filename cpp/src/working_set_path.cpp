#include <algorithm>
#include <cmath>

#include "excise/path/working_set.hpp"

namespace excise {
namespace {

constexpr Index kWindow = 8;  // alphas checked by one reading of X, at most

class WindowedPath {
 public:
  WindowedPath(const StandardProblem& problem, const NullModel& null,
               std::span<const double> alphas, const Context& context, const Start* start)
      : problem_(problem),
        alphas_(alphas),
        context_(context),
        n_(problem.design->rows()),
        p_(problem.design->cols()),
        set_(problem, context),
        certifier_(problem.penalty, problem.noise()),
        reference_(null.correlations),
        reference_alpha_(certifier_.alpha_max(reference_.data())) {
    Indices free;
    for (Index j = 0; j < p_; ++j)
      if (problem_.penalty.l1[sz(j)] == 0) free.push_back(j);
    set_.add(free);
    if (start) start_from(*start);
  }

  PathResult run() {
    const Index count = ix(alphas_.size());
    for (Index k = 0; k < count;) {
      context_.poll();
      const Index window = choose_window(k, count);
      solve_window(k, window);
      k += accept_window(window);
    }
    result_.correlations = reference_;
    result_.n_solves = set_.solver().n_solves();
    return std::move(result_);
  }

 private:
  void start_from(const Start& start) {
    Indices missing, slots;
    for (const Index j : start.support)
      if (!set_.holds(j)) missing.push_back(j);
    set_.add(missing);
    for (const Index j : start.support) slots.push_back(set_.slot(j));
    set_.solver().start(slots, start.values);
    set_.solver().solve(start.alpha);
    problem_.design->correlate(ConstMatrix(set_.residual().data(), n_, 1),
                               Matrix(reference_.data(), p_, 1), context_);
    reference_alpha_ = start.alpha;
    ++result_.n_passes;
  }

  // The longest window whose candidates are few, after adding them to the working set.
  Index choose_window(Index k, Index count) {
    const Index crowd = std::max<Index>(100, 2 * ix(set_.solver().active().size()) + n_ / 4);
    Index window = std::min(kWindow, count - k);
    Indices candidates;
    const Vec& scores = certifier_.entry_alphas(reference_.data());
    for (;; window = (window + 1) / 2) {
      const double end = alphas_[sz(k + window - 1)];
      const double threshold = end - slope_ * std::max(0.0, reference_alpha_ - end);
      candidates.clear();
      for (Index j = 0; j < p_; ++j)
        if (scores[sz(j)] > 0 && scores[sz(j)] >= threshold) candidates.push_back(j);
      if (ix(candidates.size()) <= crowd || window == 1) break;
    }
    if (ix(candidates.size()) > 2 * crowd) {
      std::nth_element(candidates.begin(), candidates.begin() + 2 * crowd, candidates.end(),
                       [&](Index a, Index b) { return scores[sz(a)] > scores[sz(b)]; });
      candidates.resize(sz(2 * crowd));
      std::sort(candidates.begin(), candidates.end());
    }
    if (!missed_ &&
        set_.size() > 2 * ix(candidates.size()) + 2 * ix(set_.solver().active().size()) + 64) {
      std::vector<char> wanted(sz(p_));
      for (const Index j : candidates) wanted[sz(j)] = 1;
      set_.prune(wanted);
    }
    std::erase_if(candidates, [&](Index j) { return set_.holds(j); });
    set_.add(candidates);
    return window;
  }

  void solve_window(Index k, Index window) {
    residuals_.resize(sz(n_ * window));
    points_.assign(sz(window), {});
    for (Index l = 0; l < window; ++l) {
      PathPoint& point = points_[sz(l)];
      ActiveSet& solver = set_.solver();
      point.alpha = alphas_[sz(k + l)];
      point.converged = solver.solve(point.alpha);
      point.rr = solver.residual_square();
      Indices slots = solver.support();
      std::erase_if(slots, [&](Index s) { return solver.coefficients()[sz(s)] == 0; });
      std::sort(slots.begin(), slots.end(),
                [&](Index a, Index b) { return set_.feature(a) < set_.feature(b); });
      for (const Index s : slots) {
        point.support.push_back(set_.feature(s));
        point.values.push_back(solver.coefficients()[sz(s)]);
      }
      std::copy_n(set_.residual().begin(), n_, residuals_.begin() + l * n_);
      context_.poll();
    }
  }

  // Checks every feature at every alpha of the window; returns how many alphas stand. At the
  // first that misses a feature the features missed there and further down join the working set.
  Index accept_window(Index window) {
    correlations_.resize(sz(p_ * window));
    const Matrix c(correlations_.data(), p_, window);
    problem_.design->correlate(ConstMatrix(residuals_.data(), n_, window), c, context_);
    result_.n_passes += window;
    const double noise = problem_.noise();
    Indices missed;
    Index accepted = 0;
    for (Index l = 0; l < window; ++l) {
      const bool all_stood = missed.empty();
      PathPoint& point = points_[sz(l)];
      point.optimality = certifier_.certify(point.alpha, point.support, point.values, c.column(l),
                                            point.rr, [&](Index j, double violation) {
                                              if (violation > noise && !set_.holds(j))
                                                missed.push_back(j);
                                            });
      if (!all_stood || !missed.empty()) continue;
      accept(point, c.column(l));
      ++accepted;
    }
    missed_ = !missed.empty();
    slope_ = !missed_ ? std::max(0.1, 0.9 * slope_) : std::min(1.0, 1.5 * slope_ + 0.1);
    std::sort(missed.begin(), missed.end());
    missed.erase(std::unique(missed.begin(), missed.end()), missed.end());
    set_.add(missed);
    return accepted;
  }

  void accept(PathPoint& point, const double* c) {
    reference_.assign(c, c + p_);
    reference_alpha_ = point.alpha;
    result_.points.push_back(std::move(point));
  }

  const StandardProblem& problem_;
  std::span<const double> alphas_;
  const Context& context_;
  Index n_, p_;
  WorkingSet set_;
  Certifier certifier_;
  Vec reference_;  // Z'r at the last accepted alpha
  double reference_alpha_;
  double slope_ = 1.0;   // assumed |dc/dalpha| of features at rest: 1 is the strong rule
  bool missed_ = false;  // the last window missed a feature: nothing is forgotten now
  Vec residuals_, correlations_;
  std::vector<PathPoint> points_;
  PathResult result_;
};

}  // namespace

NullModel null_model(const StandardProblem& problem, const Context& context) {
  Indices free;
  for (Index j = 0; j < problem.penalty.size(); ++j)
    if (problem.penalty.l1[sz(j)] == 0 && problem.penalty.l2[sz(j)] == 0) free.push_back(j);
  WorkingSet set(problem, context);
  set.add(free);
  set.solver().solve(0.0);
  NullModel null{Vec(sz(problem.design->cols())), set.solver().residual_square()};
  problem.design->correlate(ConstMatrix(set.residual().data(), ix(problem.y.size()), 1),
                            Matrix(null.correlations.data(), problem.design->cols(), 1), context);
  return null;
}

PathResult working_set_path(const StandardProblem& problem, const NullModel& null,
                            std::span<const double> alphas, const Context& context,
                            const Start* start) {
  return WindowedPath(problem, null, alphas, context, start).run();
}

}  // namespace excise
