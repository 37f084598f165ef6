#include "excise/path/windowed_path.hpp"

#include <algorithm>
#include <cmath>

namespace excise {
namespace {

constexpr Index kWindow = 16;       // alphas checked by one reading of X, at most
constexpr Index kAtOnce = 64;       // columns packed at a time
constexpr Index kWholesale = 8;     // a share of the columns beyond which all are read
constexpr double kRounding = 1e-6;  // by which a column may be longer than one
constexpr double kNoises = 16;      // by which a correlation may be off: the null model's most
constexpr double kLeastSlope = 0.05;

}  // namespace

WindowedPath::WindowedPath(const StandardProblem& problem, const NullModel& null,
                           std::span<const double> alphas, const Context& context, double reading)
    : problem_(problem),
      alphas_(alphas),
      context_(context),
      reading_(reading),
      n_(problem.design->rows()),
      p_(problem.design->cols()),
      set_(problem, context),
      read_(problem.design->pack()),
      certifier_(problem.penalty, problem.noise()),
      met_(null.residual),
      met_correlations_(null.correlations),
      reference_(null.correlations),
      reference_alpha_(certifier_.alpha_max(reference_.data())),
      met_alpha_(reference_alpha_),
      past_alpha_(reference_alpha_) {
  end_.resize(sz(p_));
  Indices free;
  for (Index j = 0; j < p_; ++j)
    if (problem_.penalty.l1[sz(j)] == 0) free.push_back(j);
  set_.add(free);
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
  result_.correlations = reference_;
  result_.n_solves = set_.solver().n_solves();
  return std::move(result_);
}

bool WindowedPath::advance() {
  if (next_ == ix(alphas_.size())) return false;
  context_.poll();
  window_ = choose_window();
  solve_window();
  return true;
}

void WindowedPath::accept(std::span<const double> c) {
  end_.assign(c.begin(), c.end());
  correlate_window();
  Indices missed;
  const Index accepted = certify_window(missed);
  missed_ = !missed.empty();
  if (accepted > 0) {
    reference_.assign(column(accepted - 1), column(accepted - 1) + p_);
    past_ = met_correlations_;
    past_alpha_ = met_alpha_;
  }
  if (accepted == window_) {
    met_.assign(residual(window_ - 1), residual(window_ - 1) + n_);
    met_correlations_ = reference_;
    met_alpha_ = reference_alpha_;
  }
  slope_ = missed_ ? std::min(1.0, 1.5 * slope_ + 0.1) : std::max(kLeastSlope, 0.8 * slope_);
  std::sort(missed.begin(), missed.end());
  missed.erase(std::unique(missed.begin(), missed.end()), missed.end());
  set_.add(missed);
  next_ += accepted;
}

// How many alphas of the window stand.
Index WindowedPath::certify_window(Indices& missed) {
  const double noise = problem_.noise();
  Index accepted = 0;
  for (Index l = 0; l < window_; ++l) {
    const bool all_stood = missed.empty();
    PathPoint& point = points_[sz(l)];
    point.optimality = certifier_.certify(point.alpha, point.support, point.values, column(l),
                                          point.rr, [&](Index j, double violation) {
                                            if (violation > noise && !set_.holds(j))
                                              missed.push_back(j);
                                          });
    if (!all_stood || !missed.empty()) continue;
    reference_alpha_ = point.alpha;
    result_.points.push_back(std::move(point));
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
  set_.solver().start(slots, start.values);
  set_.solver().solve(start.alpha);
  met_ = set_.residual();
  problem_.design->correlate(ConstMatrix(met_.data(), n_, 1),
                             Matrix(met_correlations_.data(), p_, 1), context_);
  ++result_.n_passes;
  reference_ = met_correlations_;
  reference_alpha_ = met_alpha_ = past_alpha_ = start.alpha;
}

// The window that is expected to cost least per alpha, after adding its candidates to the
// working set: wide ones read X seldom, but need many candidates.
Index WindowedPath::choose_window() {
  constexpr double kCandidate = 3.0;  // what a candidate costs at each alpha, in columns of X
  const Index left = ix(alphas_.size()) - next_;
  Index window = 1;
  Indices candidates, some;
  double least = kInfinity;
  for (Index w = 1; w <= kWindow && w <= left; w *= 2) {
    look_ahead(alphas_[sz(next_ + w - 1)], some);
    const double cost = reading_ * static_cast<double>(p_) / static_cast<double>(w) +
                        kCandidate * static_cast<double>(some.size());
    if (cost >= least) break;
    least = cost;
    window = w;
    candidates.swap(some);
  }
  if (!missed_ &&
      4 * set_.size() > 5 * (ix(candidates.size()) + ix(set_.solver().active().size())) + 256) {
    std::vector<char> wanted(sz(p_));
    for (const Index j : candidates) wanted[sz(j)] = 1;
    set_.prune(wanted);
  }
  std::erase_if(candidates, [&](Index j) { return set_.holds(j); });
  set_.add(candidates);
  return window;
}

// Features that may earn their tax at `alpha`: correlations go on as they did since the last
// reading but one, give or take `slope_` times the fall of alpha; with no past, the strong rule.
void WindowedPath::look_ahead(double alpha, Indices& candidates) {
  const double fall = std::max(0.0, reference_alpha_ - alpha);
  const bool has_past = past_alpha_ > reference_alpha_;
  const double on = has_past ? 1.0 + fall / (past_alpha_ - reference_alpha_) : 1.0;
  certifier_.bound_entries(has_past ? past_.data() : reference_.data(), reference_.data(), on, 0.0,
                           end_.data());
  const double slope = has_past ? slope_ : 1.0;
  certifier_.reaching(std::max(alpha - slope * fall, std::numeric_limits<double>::min()),
                      candidates);
}

void WindowedPath::solve_window() {
  residuals_.resize(sz(n_ * window_));
  points_.assign(sz(window_), {});
  own_.resize(sz(window_));
  for (Index l = 0; l < window_; ++l) {
    PathPoint& point = points_[sz(l)];
    ActiveSet& solver = set_.solver();
    point.alpha = alphas_[sz(next_ + l)];
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
    own_[sz(l)] = solver.correlations();
    context_.poll();
  }
}

// Correlations at every alpha of the window, exact wherever a feature could earn its tax: the
// last residual meets every column; the others lie near the line from the last one that did, and
// a unit-length column sees no more of the rest than its length,
//   |z_j'(r_l - r_0 - t (r_w - r_0))| <= |r_l - r_0 - t (r_w - r_0)|.
// Only the columns that this bound leaves in doubt are read again.
void WindowedPath::correlate_window() {
  correlations_.resize(sz(p_ * window_));
  std::copy(end_.begin(), end_.end(), column(window_ - 1));
  Vec direction(residual(window_ - 1), residual(window_ - 1) + n_);
  kernels().axpy(-1.0, met_.data(), direction.data(), n_);
  const double square = kernels().dot(direction.data(), direction.data(), n_);
  Indices doubtful, some;
  for (Index l = 0; l + 1 < window_; ++l) {
    Vec rest(residual(l), residual(l) + n_);
    kernels().axpy(-1.0, met_.data(), rest.data(), n_);
    const double t = square > 0 ? kernels().dot(direction.data(), rest.data(), n_) / square : 0.0;
    kernels().axpy(-t, direction.data(), rest.data(), n_);
    const double slack = (1 + kRounding) * std::sqrt(kernels().dot(rest.data(), rest.data(), n_)) +
                         kNoises * problem_.noise();
    const double alpha = points_[sz(l)].alpha;
    if (certifier_.bound_entries(met_correlations_.data(), end_.data(), t, slack, column(l)) <
        alpha)
      continue;
    certifier_.reaching(alpha, some);
    doubtful.insert(doubtful.end(), some.begin(), some.end());
  }
  std::sort(doubtful.begin(), doubtful.end());
  doubtful.erase(std::unique(doubtful.begin(), doubtful.end()), doubtful.end());
  std::erase_if(doubtful, [&](Index j) { return set_.holds(j); });
  if (kWholesale * ix(doubtful.size()) > p_)
    read_all(window_ - 1);
  else
    read_some(doubtful, window_ - 1);
  for (Index l = 0; l < window_; ++l)  // the solver saw its own columns
    for (Index k = 0; k < set_.size(); ++k) column(l)[set_.feature(k)] = own_[sz(l)][sz(k)];
}

void WindowedPath::read_all(Index count) {
  problem_.design->correlate(ConstMatrix(residuals_.data(), n_, count),
                             Matrix(correlations_.data(), p_, count), context_);
  result_.n_passes += count;
}

// The same for some columns, as many at a time as make up kAtOnce dense ones
void WindowedPath::read_some(const Indices& columns, Index count) {
  const double numbers = static_cast<double>(n_) * static_cast<double>(p_);
  const double stored = static_cast<double>(std::max<Index>(1, problem_.design->stored()));
  const auto at_once = static_cast<std::size_t>(std::min(
      static_cast<double>(kAtOnce) * std::max(1.0, numbers / stored), static_cast<double>(p_)));
  const ConstMatrix residuals(residuals_.data(), n_, count);
  Vec c;
  for (std::size_t lo = 0; lo < columns.size(); lo += at_once) {
    const auto some = std::span(columns).subspan(lo, std::min(at_once, columns.size() - lo));
    const Index m = ix(some.size());
    read_->keep({});
    read_->add(some);
    c.resize(sz(m * count));
    read_->correlate(0, residuals, Matrix(c.data(), m, count));
    for (Index l = 0; l < count; ++l)
      for (Index k = 0; k < m; ++k) column(l)[some[sz(k)]] = c[sz(k + l * m)];
  }
}

NullModel null_model(const StandardProblem& problem, const Context& context) {
  Indices free;
  for (Index j = 0; j < problem.penalty.size(); ++j)
    if (problem.penalty.l1[sz(j)] == 0 && problem.penalty.l2[sz(j)] == 0) free.push_back(j);
  WorkingSet set(problem, context);
  set.add(free);
  set.solver().solve(0.0);
  NullModel null{Vec(sz(problem.design->cols())), set.residual(), set.solver().residual_square()};
  problem.design->correlate(ConstMatrix(set.residual().data(), ix(problem.y.size()), 1),
                            Matrix(null.correlations.data(), problem.design->cols(), 1), context);
  return null;
}

PathResult working_set_path(const StandardProblem& problem, const NullModel& null,
                            std::span<const double> alphas, const Context& context,
                            const Start* start) {
  WindowedPath path(problem, null, alphas, context);
  if (start) path.start_from(*start);
  return path.run();
}

}  // namespace excise
