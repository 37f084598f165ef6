#include "excise/path/windowed_path.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace excise {
namespace {

constexpr Index kWindow = 16;  // alphas checked by one reading of X, at most
constexpr double kStep = 0.8;  // from one stone to the next
constexpr Index kFew = 256;    // candidates that are welcome at any time

}  // namespace

WindowedPath::WindowedPath(const StandardProblem& problem, const NullModel& null,
                           const Asked& asked, const Context& context, double reading)
    : problem_(problem),
      alphas_(asked.alphas.begin(), asked.alphas.end()),
      asked_(alphas_.size(), 1),
      context_(context),
      reading_(reading),
      n_(problem.design->rows()),
      p_(problem.design->cols()),
      held_(excise::working_set(problem, context)),
      set_(*held_),
      lookout_(problem, null, set_, context) {
  if (!asked.shares.empty()) refinement_ = set_.refinement(asked.shares);
}

PathResult WindowedPath::run() {
  Vec c(sz(p_));
  while (advance()) {
    problem_.design->correlate(ConstMatrix(asks().data(), n_, 1), Matrix(c.data(), p_, 1),
                               context_);
    accept(c);
  }
  return result();
}

PathResult WindowedPath::result() {
  result_.correlations = lookout_.reference();
  result_.n_passes = lookout_.n_passes();
  result_.n_solves = set_.n_solves();
  if (refinement_) result_.refined = refinement_->result();
  return std::move(result_);
}

bool WindowedPath::advance() {
  if (next_ == ix(alphas_.size())) return false;
  context_.poll();
  lay_stones();
  window_ = choose_window();
  solve_window();
  return true;
}

void WindowedPath::accept(std::span<const double> c) {
  lookout_.meet(c);
  Indices missed;
  const Index accepted = certify_window(missed);
  const auto begin = asked_.begin() + next_;
  if (refinement_) refinement_->settle(std::count(begin, begin + accepted, 1));
  lookout_.settle(accepted, std::move(missed));
  next_ += accepted;
  if (problem_.penalty.concave && accepted < window_) go_back(points_[sz(accepted)]);
}

// A concave problem is solved from where it stands: that is the first alpha that did not stand.
void WindowedPath::go_back(const PathPoint& point) {
  Indices slots;
  for (const Index j : point.support) slots.push_back(set_.slot(j));
  set_.start(slots, point.values);
}

// How many alphas of the window stand.
Index WindowedPath::certify_window(Indices& missed) {
  const double noise = problem_.noise();
  const auto note = [&](Index j, double violation) {
    if (violation > noise && !set_.holds(j)) missed.push_back(j);
  };
  Index accepted = 0;
  for (Index l = 0; l < window_; ++l) {
    const bool all_stood = missed.empty();
    PathPoint& point = points_[sz(l)];
    if (l < window_ - 1) {
      point.optimality =
          lookout_.certifier().certify(point.alpha, point.support, point.values, lookout_.seen(l),
                                       data_[sz(l)], lookout_.others(), note);
    } else {
      point.optimality = lookout_.certifier().certify(point.alpha, point.support, point.values,
                                                      lookout_.seen(l), data_[sz(l)], note);
    }
    if (!all_stood || !missed.empty()) continue;
    if (asked_[sz(next_ + l)]) result_.points.push_back(std::move(point));
    ++accepted;
  }
  return accepted;
}

void WindowedPath::start_from(const Start& start) {
  Indices missing, slots;
  for (const Index j : start.support)
    if (!set_.holds(j)) missing.push_back(j);
  set_.add(missing);
  for (const Index j : start.support) slots.push_back(set_.slot(j));
  set_.start(slots, start.values);
  set_.solve(start.alpha);
  lookout_.start(start.alpha);
}

// From far above, nearly every column looks as if it could enter. Such a fall is taken in steps,
// at each of which the solver has few columns to choose from.
void WindowedPath::lay_stones() {
  const double from = lookout_.alpha(), to = alphas_[sz(next_)];
  if (!(to > 0 && to < kStep * from && from < kInfinity)) return;
  if (std::max<Index>(ix(lookout_.ahead(to).size()), set_.n_active()) <= kFew) return;
  const auto steps = static_cast<std::size_t>(std::ceil(std::log(to / from) / std::log(kStep)));
  Vec stones;
  for (std::size_t k = 1; k < steps; ++k)
    stones.push_back(from *
                     std::pow(to / from, static_cast<double>(k) / static_cast<double>(steps)));
  alphas_.insert(alphas_.begin() + next_, stones.begin(), stones.end());
  asked_.insert(asked_.begin() + next_, stones.size(), 0);
}

// The window that is expected to cost least per alpha, after adding its candidates to the
// working set: wide ones read X seldom, but need many candidates.
Index WindowedPath::choose_window() {
  // What a candidate costs at each alpha, in columns of X: Newton's method reads it several times
  const double kCandidate = problem_.loss ? 12.0 : 3.0;
  const Index left = ix(alphas_.size()) - next_;
  Index window = 1;
  Indices& candidates = candidates_;
  double least = kInfinity;
  for (Index w = 1; w <= kWindow && w <= left; w *= 2) {
    const std::span<const Index> some = lookout_.ahead(alphas_[sz(next_ + w - 1)]);
    const double cost = reading_ * static_cast<double>(p_) / static_cast<double>(w) +
                        kCandidate * static_cast<double>(some.size());
    if (cost >= least) break;
    least = cost;
    window = w;
    candidates.assign(some.begin(), some.end());
  }
  lookout_.enlist(candidates);
  return window;
}

void WindowedPath::solve_window() {
  lookout_.clear();
  points_.assign(sz(window_), {});
  data_.resize(sz(window_));
  for (Index l = 0; l < window_; ++l) {
    PathPoint& point = points_[sz(l)];
    point.alpha = alphas_[sz(next_ + l)];
    point.converged = set_.solve(point.alpha);
    point.intercept = set_.intercept();
    data_[sz(l)] = set_.data();
    point.rr = 2 * data_[sz(l)].value;
    Indices slots = set_.support();
    std::erase_if(slots, [&](Index s) { return set_.coefficients()[sz(s)] == 0; });
    std::sort(slots.begin(), slots.end(),
              [&](Index a, Index b) { return set_.feature(a) < set_.feature(b); });
    point.support.reserve(slots.size());
    point.values.reserve(slots.size());
    for (const Index s : slots) {
      point.support.push_back(set_.feature(s));
      point.values.push_back(set_.coefficients()[sz(s)]);
    }
    lookout_.note(point.alpha);
    if (refinement_ && asked_[sz(next_ + l)]) refinement_->note(point);
  }
}

NullModel null_model(const StandardProblem& problem, const Context& context) {
  Indices free;
  for (Index j = 0; j < problem.penalty.size(); ++j)
    if (problem.penalty.l1[sz(j)] == 0 && problem.penalty.l2[sz(j)] == 0) free.push_back(j);
  const auto set = working_set(problem, context);
  set->add(free);
  set->solve(0.0);
  NullModel null{Vec(sz(problem.design->cols())), set->residual()};
  problem.design->correlate(ConstMatrix(null.residual.data(), ix(problem.y.size()), 1),
                            Matrix(null.correlations.data(), problem.design->cols(), 1), context);
  return null;
}

PathResult working_set_path(const StandardProblem& problem, const NullModel& null,
                            const Asked& asked, const Context& context, const Start* start) {
  WindowedPath path(problem, null, asked, context);
  if (start) path.start_from(*start);
  return path.run();
}

}  // namespace excise
