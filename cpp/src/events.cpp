// Entries and exits along the path: of the squared loss the next event is known, see homotopy.cpp.
// With another loss, or groups, a grid tells where the support changes, and secants of what a
// column has, or lacks, tell where exactly.
#include <algorithm>
#include <cmath>

#include "excise/path/lookout.hpp"
#include "excise/path/walk.hpp"

namespace excise {
namespace {

// Every feature is checked at every alpha that is solved; once more from the start, if one was
// missed.
std::vector<Event> events_of_curves(const StandardProblem& problem, const Indices& candidates,
                                    double first, double last, const Context& context) {
  constexpr Index kBatch = 8;
  const Index n = problem.design->rows(), p = problem.design->cols();
  Indices members = candidates;
  Certifier certifier(problem.penalty, problem.noise());
  Vec residuals, correlations(sz(p * kBatch));
  for (;;) {
    const auto held = working_set(problem, context);
    WorkingSet& set = *held;
    set.add(members);
    Indices missed;
    Vec alphas;
    const auto check = [&] {
      const Index k = ix(alphas.size());
      const Matrix c(correlations.data(), p, k);
      problem.design->correlate(ConstMatrix(residuals.data(), n, k), c, context);
      for (Index l = 0; l < k; ++l)
        certifier.missed(
            alphas[sz(l)], c.column(l), problem.noise(), [&](Index j) { return !set.holds(j); },
            missed);
      alphas.clear();
      residuals.clear();
    };
    const auto taxed = [&](Index slot) { return problem.penalty.l1[sz(set.feature(slot))] > 0; };
    const auto lacks = [&](Index slot, double alpha) {
      if (problem.penalty.grouped()) return 0.0;
      return std::abs(set.correlations()[sz(slot)]) -
             problem.penalty.at(set.feature(slot), alpha).l1;
    };
    const Groups& groups = problem.penalty.groups;
    Vec lengths;  // of groups, in the place of their first column
    const auto coefficients = [&]() -> const Vec& {
      const Vec& b = set.coefficients();
      if (!problem.penalty.grouped()) return b;
      lengths.assign(b.size(), 0.0);
      for (Index k = 0; k < set.size(); ++k)
        if (b[sz(k)] != 0)
          lengths[sz(set.slot(groups[groups.of[sz(set.feature(k))]].front()))] = 1.0;
      return lengths;
    };
    Walk walk({[&](double alpha) { set.solve(alpha); }, coefficients, taxed, lacks, nullptr}, first,
              problem.noise(), context);
    std::vector<Event> events = walk.all(last, [&](double alpha) {
      alphas.push_back(alpha);
      residuals.insert(residuals.end(), set.residual().begin(), set.residual().end());
      if (ix(alphas.size()) == kBatch) check();
    });
    if (!alphas.empty()) check();
    if (missed.empty()) {
      for (Event& e : events) e.feature = set.feature(e.feature);
      return events;
    }
    members.insert(members.end(), missed.begin(), missed.end());
    std::sort(members.begin(), members.end());
    members.erase(std::unique(members.begin(), members.end()), members.end());
  }
}

// Between events every correlation is a straight line, nearly so with a ridge, and |c_j| - tax_j is
// convex: a feature that stands at every event stands between them too. A window of events meets X
// together.
class EventPath {
 public:
  EventPath(const StandardProblem& problem, const NullModel& null, double first, double last,
            const Context& context)
      : problem_(problem),
        context_(context),
        last_(last),
        held_(working_set(problem, context)),
        set_(*held_),
        lookout_(problem, null, set_, context),
        walk_(walker(*set_.exact()), first, problem.noise(), context),
        signs_(sz(problem.design->cols()), 0) {}

  std::vector<Event> run() {
    Vec c(signs_.size());
    const Index n = problem_.design->rows();
    alpha_ = kInfinity;
    do {
      follow();
      problem_.design->correlate(ConstMatrix(lookout_.residual(lookout_.size() - 1), n, 1),
                                 Matrix(c.data(), ix(c.size()), 1), context_);
      accept(c);
    } while (alpha_ > last_);
    return std::move(events_);
  }

 private:
  static constexpr Index kWindow = 24;  // events that meet X together
  static constexpr double kMostFall =
      0.7;  // of alpha, in the logarithm, from one reading to the next

  struct Noted {
    double alpha;
    std::size_t n_events;    // of the window, down to here
    std::vector<int> signs;  // slot by slot
  };

  // A window of events, or the fall of alpha for which its candidates were chosen.
  void follow() {
    const bool begins = alpha_ == kInfinity;
    const double from = begins ? walk_.first() : alpha_;
    const double target = std::max(last_, from * std::exp(-fall_));
    lookout_.enlist(lookout_.ahead(target));
    walk_.become(sz(set_.size()));
    Stand at = begins ? walk_.start() : walk_.stand(alpha_);
    for (Index k = 0; k < set_.size(); ++k) at.signs[sz(k)] = signs_[sz(set_.feature(k))];
    lookout_.clear();
    noted_.clear();
    found_.clear();
    while (at.alpha > target && ix(noted_.size()) < kWindow) {
      at = walk_.next(at, target, found_);
      lookout_.note(at.alpha);
      noted_.push_back({at.alpha, found_.size(), at.signs});
    }
    const double events = static_cast<double>(found_.size() + 1), fell = std::log(from / at.alpha);
    fall_ = std::clamp(fell * 0.8 * static_cast<double>(kWindow) / events, 0.5 * fall_, 2 * fall_);
    fall_ = std::min(fall_, kMostFall);
  }

  void accept(const Vec& c) {
    lookout_.meet(c);
    const double noise = problem_.noise();
    const auto misses = [&](Index j) { return !set_.holds(j); };
    Indices missed;
    Index accepted = 0;
    for (Index l = 0; l < lookout_.size(); ++l) {
      const double* const seen = lookout_.seen(l);
      const double alpha = noted_[sz(l)].alpha;
      if (l == lookout_.size() - 1) {
        lookout_.certifier().missed(alpha, seen, noise, misses, missed);
      } else {
        for (const Index j : lookout_.others())
          if (misses(j) && problem_.penalty.violation(j, alpha, 0.0, seen[j]) > noise)
            missed.push_back(j);
      }
      if (missed.empty()) ++accepted;
    }
    if (accepted > 0) stands(noted_[sz(accepted - 1)]);
    lookout_.settle(accepted, std::move(missed));
  }

  void stands(const Noted& noted) {
    alpha_ = noted.alpha;
    for (std::size_t k = 0; k < noted.signs.size(); ++k)
      signs_[sz(set_.feature(ix(k)))] = noted.signs[k];
    for (std::size_t k = 0; k < noted.n_events; ++k) {
      events_.push_back(found_[k]);
      events_.back().feature = set_.feature(found_[k].feature);
    }
  }

  const StandardProblem& problem_;
  const Context& context_;
  double last_, alpha_ = kInfinity;  // so far all is known
  double fall_ = 0.1;
  std::unique_ptr<WorkingSet> held_;
  WorkingSet& set_;
  Lookout lookout_;
  Walk walk_;
  std::vector<int> signs_;  // feature by feature, at alpha_
  std::vector<Noted> noted_;
  std::vector<Event> found_, events_;  // of the window; of all that stand
};

}  // namespace

std::vector<Event> gram_events(ConstMatrix gram, std::span<const double> q, double yy,
                               const Penalty& penalty, double first, double last, double noise,
                               const Context& context) {
  GramQuadratic quadratic(gram, q, yy);
  ActiveSet solver(quadratic, penalty, noise, context.poll);
  return Walk(walker(solver), first, noise, context).all(last, [](double) {});
}

std::vector<Event> working_set_events(const StandardProblem& problem, const NullModel& null,
                                      const Indices& candidates, double first, double last,
                                      const Context& context) {
  const bool known = !problem.loss && !problem.penalty.grouped();
  return known ? EventPath(problem, null, first, last, context).run()
               : events_of_curves(problem, candidates, first, last, context);
}

}  // namespace excise
