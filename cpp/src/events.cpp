// Entries and exits along the path: between events the coefficients are straight lines in alpha
// (Efron, Hastie, Johnstone, Tibshirani, Annals of Statistics 32, 2004), so the next event is the
// nearest of the crossings of all lines; a ridge or another loss bends the lines, and there alpha
// is halved.
#include <algorithm>
#include <cmath>

#include "excise/path/working_set.hpp"

namespace excise {
namespace {

constexpr double kPast = 1e-10;  // how far past an event, relative to alpha, the support is read
constexpr double kClose = 1e-12;
constexpr int kRidgeGrid = 400;
constexpr int kHalvings = 400;  // for one cell of that grid, and fewer once rounding flickered
constexpr int kFewHalvings = 50;

// What walks: the problem on some columns. `lines`: where lines are straight.
struct Walker {
  std::function<void(double)> solve;
  std::function<const Vec&()> coefficients;
  std::function<bool(Index)> taxed;
  ActiveSet* lines;
};

class Walk {
 public:
  Walk(Walker walker, double noise, const Context& context, std::function<void(double)> visit)
      : walker_(std::move(walker)),
        noise_(noise),
        context_(context),
        visit_(std::move(visit)),
        before_(walker_.coefficients().size(), 0) {}

  // Events with the walker's own column numbers. The support is read a little past each crossing,
  // far enough that the column that crosses is clear of rounding, and farther while nothing moves.
  std::vector<Event> lines(double first, double last) {
    double alpha = first * (1 + kPast), past = 1.0;
    walker_.solve(alpha);
    std::vector<int> before = before_;  // by definition of alpha_max
    while (alpha > last) {
      context_.poll();
      const auto [step, rate] = walker_.lines->next_crossing();
      const double next = alpha + step;
      const bool ends = !(next > last);
      const double beyond = past * std::max(kPast * next, 8 * noise_ / rate);
      alpha = ends ? last : std::max(last, next - beyond);
      walker_.solve(alpha);
      visit_(alpha);
      past = signs() == before ? 4 * past : 1.0;
      emit(before, ends ? last : next);
    }
    return std::move(events_);
  }

  std::vector<Event> curves(double first, double last) {
    double high = first * (1 + kPast);
    walker_.solve(high);
    std::vector<int> before = before_;
    const double ratio = std::pow(last / high, 1.0 / kRidgeGrid);
    for (int k = 1; k <= kRidgeGrid; ++k) {
      const double low = k == kRidgeGrid ? last : high * ratio;
      budget_ = budget_ < 0 ? kFewHalvings : kHalvings;
      halve(high, low, before);
      high = low;
    }
    return std::move(events_);
  }

 private:
  // Features without a tax never enter or leave.
  std::vector<int> signs() const {
    const Vec& b = walker_.coefficients();
    std::vector<int> out(b.size());
    for (std::size_t j = 0; j < b.size(); ++j)
      out[j] = !walker_.taxed(ix(j)) ? 0 : b[j] > 0 ? 1 : b[j] < 0 ? -1 : 0;
    return out;
  }

  // Reports how the support now differs from `before`, and updates it.
  void emit(std::vector<int>& before, double alpha) {
    std::vector<int> now = signs();
    for (std::size_t j = 0; j < now.size(); ++j) {
      if (now[j] == before[j]) continue;
      if (before[j] != 0) events_.push_back({alpha, ix(j), false});
      if (now[j] != 0) events_.push_back({alpha, ix(j), true});
    }
    before = std::move(now);
  }

  // Finds the events in (low, high], given the signs at high; leaves the walker at low.
  void halve(double high, double low, std::vector<int>& before) {
    context_.poll();
    walker_.solve(low);
    visit_(low);
    if (signs() == before) return;
    if (high - low <= kClose * high || --budget_ < 0) {  // rounding can flicker for ever
      emit(before, low);
      return;
    }
    const double middle = std::sqrt(high) * std::sqrt(low);
    if (!(middle < high && middle > low)) {
      emit(before, low);
      return;
    }
    halve(high, middle, before);
    halve(middle, low, before);
  }

  Walker walker_;
  double noise_;
  int budget_ = 0;
  const Context& context_;
  std::function<void(double)> visit_;
  std::vector<int> before_;  // no feature in
  std::vector<Event> events_;
};

Walker walker(ActiveSet& solver, bool straight) {
  return {[&solver](double alpha) { solver.solve(alpha); },
          [&solver]() -> const Vec& { return solver.coefficients(); },
          [&solver](Index j) { return solver.taxed(j); }, straight ? &solver : nullptr};
}

std::vector<Event> walk(Walker walker, double first, double last, double noise,
                        const Context& context, std::function<void(double)> visit) {
  const bool straight = walker.lines;
  Walk w(std::move(walker), noise, context, std::move(visit));
  return straight ? w.lines(first, last) : w.curves(first, last);
}

}  // namespace

std::vector<Event> gram_events(ConstMatrix gram, std::span<const double> q, double yy,
                               const Penalty& penalty, double first, double last, double noise,
                               const Context& context) {
  GramQuadratic quadratic(gram, q, yy);
  ActiveSet solver(quadratic, penalty, noise, context.poll);
  return walk(walker(solver, !penalty.has_ridge()), first, last, noise, context, [](double) {});
}

// Between events every correlation is a straight line (or monotone pieces of a curve), and
// |c_j| - tax_j is convex: a feature that stands at every event stands between them too.
std::vector<Event> working_set_events(const StandardProblem& problem, const Indices& candidates,
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
    ActiveSet* const lines = problem.penalty.has_ridge() ? nullptr : set.exact();
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
    std::vector<Event> events =
        walk({[&](double alpha) { set.solve(alpha); }, coefficients, taxed, lines}, first, last,
             problem.noise(), context, [&](double alpha) {
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

}  // namespace excise
