// Entries and exits along the path: of the squared loss the next event is known, see homotopy.cpp.
// With another loss, or groups, a grid tells where the support changes, and secants of what a
// column has, or lacks, tell where exactly.
#include <algorithm>
#include <cmath>
#include <optional>

#include "excise/path/working_set.hpp"

namespace excise {
namespace {

constexpr double kPast = 1e-10;  // how far past an event, relative to alpha, the support is read
constexpr double kClose = 1e-12;
constexpr int kRidgeGrid = 400;
constexpr int kTrials = 400;  // for one cell of that grid, and fewer once rounding flickered
constexpr int kFewTrials = 50;
constexpr std::size_t kManyEvents = 20;  // for one column
constexpr double kBeyond = 0.02;         // how much farther a trial goes than a secant says

// What walks: the problem on some columns. `homotopy`: where the next event is known, else null.
struct Walker {
  std::function<void(double)> solve;
  std::function<const Vec&()> coefficients;
  std::function<bool(Index)> taxed;
  // |correlation| - tax of a column at rest at alpha; 0: not known
  std::function<double(Index, double)> over_tax;
  ActiveSet* homotopy;
};

// A solution, as far as its support goes.
struct Stand {
  double alpha = 0;
  std::vector<int> signs;
  // What taxed columns have, |b| > 0, or lack, |c| - tax <= 0; and a 0 behind the last one
  Vec margins;
};

// Which column alone differs between two stands; the number of columns if several do.
std::size_t only_difference(const Stand& one, const Stand& other) {
  const std::size_t p = one.signs.size();
  std::size_t found = p;
  for (std::size_t j = 0; j < p; ++j)
    if (one.signs[j] != other.signs[j]) {
      if (found != p) return p;
      found = j;
    }
  return found;
}

// Whether a column differs between two stands that is not among the `expected`.
bool others_turned(const Stand& one, const Stand& other, const Indices& expected) {
  for (std::size_t j = 0; j < one.signs.size(); ++j)
    if (one.signs[j] != other.signs[j] &&
        std::find(expected.begin(), expected.end(), ix(j)) == expected.end())
      return true;
  return false;
}

// Where between two stands a column turns: its margin is nearly a straight line on each side of
// that point, with a corner between the two, so that a secant goes through two points of one side.
class Bracket {
 public:
  Bracket(const Stand& high, const Stand& low, std::size_t column) : column_(column) {
    take(high, false);
    take(low, true);
  }

  void take(const Stand& at, bool turned) {
    Side& side = sides_[turned];
    side = {at.alpha, at.margins[column_], side.alpha, side.margin};
  }

  // A little beyond the end of the shorter secant, so that the other side comes near as well. Half
  // way, if there is none, and after two trials in a row that gained less than that.
  double trial() {
    const auto& [high, low] = sides_;
    const double width = high.alpha - low.alpha,
                 half = std::sqrt(high.alpha) * std::sqrt(low.alpha);
    slow_ = width > 0.5 * width_ ? slow_ + 1 : 0;
    width_ = width;
    const Side& side = std::abs(high.step()) < std::abs(low.step()) ? high : low;
    const double step = side.step();
    if (slow_ == 2 || std::isinf(step)) return slow_ = 0, half;
    const double more = std::max(kBeyond * std::abs(step), 0.4 * kClose * high.alpha);
    const double to = side.alpha + step + std::copysign(more, step);
    return to > low.alpha && to < high.alpha ? to : half;
  }

 private:
  struct Side {
    double alpha = 0, margin = 0, old_alpha = 0, old_margin = 0;
    // To where the line through both points is zero
    double step() const {
      const double rise = margin - old_margin;
      return old_alpha > 0 && rise != 0 ? -margin * (alpha - old_alpha) / rise : kInfinity;
    }
  };

  std::size_t column_;
  Side sides_[2];
  double width_ = kInfinity;
  int slow_ = 0;
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
  // far enough that the column that crosses is clear of rounding, and farther while nothing moves
  // and where there is no end of moving.
  std::vector<Event> follow(double first, double last) {
    ActiveSet& homotopy = *walker_.homotopy;
    homotopy.follow();
    const bool bends = homotopy.penalty().has_ridge();
    const std::size_t many = kManyEvents * (before_.size() + 10);
    Stand high = stand(first * (1 + kPast));
    high.signs = before_;  // by definition of alpha_max
    double past = 1.0, least = kPast;
    for (std::size_t step = 1; high.alpha > last; ++step) {
      const auto [next, rate, columns] = homotopy.next_crossing();
      const bool ends = !(next > last);
      const double beyond =
          columns.empty() ? 0.0 : past * std::max(least * next, 8 * noise_ / rate);
      Stand low = stand(ends ? last : std::max(last, next - beyond));
      double there = ends ? last : next;
      past = low.signs == high.signs && beyond > 0 ? 4 * past : 1.0;
      if (step % many == 0) least = std::min(1e-2, 10 * least);
      if (bends && others_turned(high, low, ends ? Indices{} : columns)) {
        budget_ = kFewTrials;
        there = first_turn(high, low).alpha;
        low = stand(there);
      }
      emit(high.signs, low.signs, there);
      high = std::move(low);
    }
    return std::move(events_);
  }

  std::vector<Event> curves(double first, double last) {
    Stand high = stand(first * (1 + kPast));
    high.signs = before_;
    const double ratio = std::pow(last / high.alpha, 1.0 / kRidgeGrid);
    double end = high.alpha;
    for (int k = 1; k <= kRidgeGrid; ++k) {
      end = k == kRidgeGrid ? last : end * ratio;
      budget_ = budget_ < 0 ? kFewTrials : kTrials;  // rounding can flicker for ever
      const Stand low = stand(end);
      while (low.signs != high.signs) {
        Stand turned = first_turn(high, low);
        emit(high.signs, turned.signs, turned.alpha);
        high = std::move(turned);
      }
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

  void emit(const std::vector<int>& before, const std::vector<int>& now, double alpha) {
    for (std::size_t j = 0; j < now.size(); ++j) {
      if (now[j] == before[j]) continue;
      if (before[j] != 0) events_.push_back({alpha, ix(j), false});
      if (now[j] != 0) events_.push_back({alpha, ix(j), true});
    }
  }

  Stand stand(double alpha) {
    context_.poll();
    walker_.solve(alpha);
    visit_(alpha);
    Stand out{alpha, signs(), Vec(before_.size() + 1, 0.0)};
    const Vec& b = walker_.coefficients();
    for (std::size_t j = 0; j < b.size(); ++j)
      if (walker_.taxed(ix(j)))
        out.margins[j] = b[j] != 0 ? std::abs(b[j]) : walker_.over_tax(ix(j), alpha);
    return out;
  }

  // The highest stand between two, as near as can be told, that differs from the upper one.
  Stand first_turn(Stand high, Stand low) {
    std::optional<Bracket> bracket;
    std::size_t column = 0;
    while (high.alpha - low.alpha > kClose * high.alpha && --budget_ >= 0) {
      const std::size_t turning = only_difference(high, low);
      if (!bracket || turning != column) bracket.emplace(high, low, column = turning);
      const double trial = bracket->trial();
      if (!(trial < high.alpha && trial > low.alpha)) break;
      Stand at = stand(trial);
      const bool turned = at.signs != high.signs;
      bracket->take(at, turned);
      (turned ? low : high) = std::move(at);
    }
    return low;
  }

  Walker walker_;
  double noise_;
  int budget_ = 0;
  const Context& context_;
  std::function<void(double)> visit_;
  std::vector<int> before_;  // no feature in
  std::vector<Event> events_;
};

double over_tax(const Penalty& penalty, Index j, double correlation, double alpha) {
  return std::abs(correlation) - penalty.at(j, alpha).l1;
}

Walker walker(ActiveSet& solver, const Penalty& penalty) {
  return {[&solver](double alpha) { solver.solve(alpha); },
          [&solver]() -> const Vec& { return solver.coefficients(); },
          [&solver](Index j) { return solver.taxed(j); },
          [&](Index j, double alpha) {
            return over_tax(penalty, j, solver.correlations()[sz(j)], alpha);
          },
          &solver};
}

std::vector<Event> walk(Walker walker, double first, double last, double noise,
                        const Context& context, std::function<void(double)> visit) {
  const bool known = walker.homotopy;
  Walk w(std::move(walker), noise, context, std::move(visit));
  return known ? w.follow(first, last) : w.curves(first, last);
}

}  // namespace

std::vector<Event> gram_events(ConstMatrix gram, std::span<const double> q, double yy,
                               const Penalty& penalty, double first, double last, double noise,
                               const Context& context) {
  GramQuadratic quadratic(gram, q, yy);
  ActiveSet solver(quadratic, penalty, noise, context.poll);
  return walk(walker(solver, penalty), first, last, noise, context, [](double) {});
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
      return over_tax(problem.penalty, set.feature(slot), set.correlations()[sz(slot)], alpha);
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
    std::vector<Event> events =
        walk({[&](double alpha) { set.solve(alpha); }, coefficients, taxed, lacks, set.exact()},
             first, last, problem.noise(), context, [&](double alpha) {
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
