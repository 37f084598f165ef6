#include "excise/path/walk.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace excise {
namespace {

constexpr double kPast = 1e-10;     // how far past an event, relative to alpha, the support is read
constexpr double kMostPast = 1e-2;  // the same where there is no end of events
constexpr double kClose = 1e-12;
constexpr int kGrid = 400;
constexpr int kTrials = 400;  // for one cell of that grid, and fewer once rounding flickered
constexpr int kFewTrials = 50;
constexpr double kBeyond = 0.02;         // how much farther a trial goes than a secant says
constexpr std::size_t kManyEvents = 20;  // for one column

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

void emit(const std::vector<int>& before, const std::vector<int>& now, double alpha,
          std::vector<Event>& events) {
  for (std::size_t j = 0; j < now.size(); ++j) {
    if (now[j] == before[j]) continue;
    if (before[j] != 0) events.push_back({alpha, ix(j), false});
    if (now[j] != 0) events.push_back({alpha, ix(j), true});
  }
}

}  // namespace

Walker walker(ActiveSet& solver) {
  return {[&solver](double alpha) { solver.solve(alpha); },
          [&solver]() -> const Vec& { return solver.coefficients(); },
          [&solver](Index j) { return solver.taxed(j); },
          [&solver](Index j, double alpha) {
            return std::abs(solver.correlations()[sz(j)]) - solver.penalty().at(j, alpha).l1;
          },
          &solver};
}

Walk::Walk(Walker walker, double first, double noise, const Context& context)
    : walker_(std::move(walker)),
      columns_(walker_.coefficients().size()),
      first_(first),
      noise_(noise),
      context_(context),
      least_(kPast) {
  if (walker_.homotopy) walker_.homotopy->follow();
}

std::vector<Event> Walk::all(double last, const std::function<void(double)>& visit) {
  visit_ = visit;
  return walker_.homotopy ? follow(last) : curves(last);
}

Stand Walk::start() {
  Stand out = stand(first_ * (1 + kPast));
  out.signs.assign(columns_, 0);  // by definition of alpha_max
  return out;
}

std::vector<Event> Walk::follow(double last) {
  std::vector<Event> events;
  for (Stand at = start(); at.alpha > last;) at = next(at, last, events);
  return events;
}

// The support is read a little past the crossing, far enough that the column that crosses is clear
// of rounding, and farther while nothing moves and where there is no end of moving.
Stand Walk::next(const Stand& high, double last, std::vector<Event>& events) {
  const auto [next, rate, columns] = walker_.homotopy->next_crossing();
  const bool ends = !(next > last), bends = walker_.homotopy->penalty().has_ridge();
  const double beyond = columns.empty() ? 0.0 : past_ * std::max(least_ * next, 8 * noise_ / rate);
  Stand low = stand(ends ? last : std::max(last, next - beyond));
  double there = ends ? last : next;
  past_ = low.signs == high.signs && beyond > 0 ? 4 * past_ : 1.0;
  if (++steps_ % (kManyEvents * (columns_ + 10)) == 0) least_ = std::min(kMostPast, 10 * least_);
  if (bends && others_turned(high, low, ends ? Indices{} : columns)) {
    // At once: then rounding decides, as between near-twins, and there is no first turn to find.
    Stand near = stand((1 - kPast) * high.alpha);
    if (near.signs == high.signs && near.alpha > low.alpha) {
      budget_ = kFewTrials;
      there = first_turn(std::move(near), std::move(low)).alpha;
      low = stand(there);
    } else {
      low = stand(there = low.alpha);
    }
  }
  emit(high.signs, low.signs, there, events);
  return low;
}

std::vector<Event> Walk::curves(double last) {
  std::vector<Event> events;
  Stand high = start();
  const double ratio = std::pow(last / high.alpha, 1.0 / kGrid);
  double end = high.alpha;
  for (int k = 1; k <= kGrid; ++k) {
    end = k == kGrid ? last : end * ratio;
    budget_ = budget_ < 0 ? kFewTrials : kTrials;  // rounding can flicker for ever
    const Stand low = stand(end);
    while (low.signs != high.signs) {
      Stand turned = first_turn(high, low);
      emit(high.signs, turned.signs, turned.alpha, events);
      high = std::move(turned);
    }
    high = low;
  }
  return events;
}

// Features without a tax never enter or leave.
std::vector<int> Walk::signs() const {
  const Vec& b = walker_.coefficients();
  std::vector<int> out(b.size());
  for (std::size_t j = 0; j < b.size(); ++j)
    out[j] = !walker_.taxed(ix(j)) ? 0 : b[j] > 0 ? 1 : b[j] < 0 ? -1 : 0;
  return out;
}

Stand Walk::stand(double alpha) {
  context_.poll();
  walker_.solve(alpha);
  visit_(alpha);
  Stand out{alpha, signs(), Vec(columns_ + 1, 0.0)};
  const Vec& b = walker_.coefficients();
  for (std::size_t j = 0; j < b.size(); ++j)
    if (walker_.taxed(ix(j)))
      out.margins[j] = b[j] != 0 ? std::abs(b[j]) : walker_.over_tax(ix(j), alpha);
  return out;
}

// The highest stand between two, as near as can be told, that differs from the upper one.
Stand Walk::first_turn(Stand high, Stand low) {
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

}  // namespace excise
