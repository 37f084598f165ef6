#include "excise/path/windowed_path.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

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
                           const Asked& asked, const Context& context, double reading)
    : problem_(problem),
      alphas_(asked.alphas),
      context_(context),
      reading_(reading),
      n_(problem.design->rows()),
      p_(problem.design->cols()),
      held_(excise::working_set(problem, context)),
      set_(*held_),
      read_(problem.design->pack()),
      certifier_(problem.penalty, problem.noise()),
      met_(null.residual),
      met_correlations_(null.correlations),
      reference_(null.correlations),
      reference_alpha_(certifier_.alpha_max(reference_.data())),
      met_alpha_(reference_alpha_),
      past_alpha_(reference_alpha_) {
  here_.resize(sz(p_));
  if (!asked.shares.empty()) refinement_ = set_.refinement(asked.shares);
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
  result_.n_solves = set_.n_solves();
  if (refinement_) result_.refined = refinement_->result();
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
  ++result_.n_passes;
  correlate_window();
  Indices missed;
  const Index accepted = certify_window(missed);
  if (refinement_) refinement_->settle(accepted);
  missed_ = !missed.empty();
  if (accepted > 0) {
    if (accepted == window_)
      reference_ = end_;
    else
      interpolate(accepted - 1, reference_);
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
      lay_over(l, here_);
      point.optimality = certifier_.certify(point.alpha, point.support, point.values, here_.data(),
                                            data_[sz(l)], others_, note);
    } else {
      point.optimality = certifier_.certify(point.alpha, point.support, point.values, end_.data(),
                                            data_[sz(l)], note);
    }
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
  set_.start(slots, start.values);
  set_.solve(start.alpha);
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
  // What a candidate costs at each alpha, in columns of X: Newton's method reads it several times
  const double kCandidate = problem_.loss ? 12.0 : 3.0;
  const Index left = ix(alphas_.size()) - next_;
  Index window = 1;
  Indices& candidates = candidates_;
  double least = kInfinity;
  for (Index w = 1; w <= kWindow && w <= left; w *= 2) {
    const std::span<const Index> some = look_ahead(alphas_[sz(next_ + w - 1)]);
    const double cost = reading_ * static_cast<double>(p_) / static_cast<double>(w) +
                        kCandidate * static_cast<double>(some.size());
    if (cost >= least) break;
    least = cost;
    window = w;
    candidates.assign(some.begin(), some.end());
  }
  if (!missed_ && 4 * set_.size() > 5 * (ix(candidates.size()) + ix(set_.n_active())) + 256) {
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
std::span<const Index> WindowedPath::look_ahead(double alpha) {
  const double fall = std::max(0.0, reference_alpha_ - alpha);
  const bool has_past = past_alpha_ > reference_alpha_;
  const double on = has_past ? 1.0 + fall / (past_alpha_ - reference_alpha_) : 1.0;
  const double slope = has_past ? slope_ : 1.0;
  return certifier_.may_enter(has_past ? past_.data() : reference_.data(), reference_.data(), on,
                              0.0,
                              std::max(alpha - slope * fall, std::numeric_limits<double>::min()));
}

void WindowedPath::solve_window() {
  residuals_.resize(sz(n_ * window_));
  points_.assign(sz(window_), {});
  if (ix(own_.size()) < window_) own_.resize(sz(window_));
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
    std::copy_n(set_.residual().begin(), n_, residuals_.begin() + l * n_);
    own_[sz(l)] = set_.correlations();
    if (refinement_) refinement_->note(point);
  }
}

// Correlations at every alpha of the window, exact wherever a feature could earn its tax: the
// last residual meets every column; the others lie near the line from the last one that did, and
// a unit-length column sees no more of the rest than its length,
//   |z_j'(r_l - r_0 - t (r_w - r_0))| <= |r_l - r_0 - t (r_w - r_0)|.
// Only the columns that this bound leaves in doubt are read again.
void WindowedPath::correlate_window() {
  const double* const last = residual(window_ - 1);
  for (Index k = 0; k < set_.size(); ++k) end_[sz(set_.feature(k))] = own_[sz(window_ - 1)][sz(k)];
  between_.resize(sz(window_));
  looked_.clear();
  direction_.assign(last, last + n_);
  kernels().axpy(-1.0, met_.data(), direction_.data(), n_);
  const double square = kernels().dot(direction_.data(), direction_.data(), n_);
  for (Index l = 0; l + 1 < window_; ++l) {
    rest_.assign(residual(l), residual(l) + n_);
    kernels().axpy(-1.0, met_.data(), rest_.data(), n_);
    const double t = square > 0 ? kernels().dot(direction_.data(), rest_.data(), n_) / square : 0.0;
    kernels().axpy(-t, direction_.data(), rest_.data(), n_);
    const double slack =
        (1 + kRounding) * std::sqrt(kernels().dot(rest_.data(), rest_.data(), n_)) +
        kNoises * problem_.noise();
    between_[sz(l)] = t;
    for (const Index j : certifier_.may_enter(met_correlations_.data(), end_.data(), t, slack,
                                              points_[sz(l)].alpha))
      if (!set_.holds(j)) looked_.push_back(j);
  }
  std::sort(looked_.begin(), looked_.end());
  looked_.erase(std::unique(looked_.begin(), looked_.end()), looked_.end());
  if (kWholesale * ix(looked_.size()) > p_)
    read_all(window_ - 1);
  else
    read_some(window_ - 1);
}

// Puts what is known exactly at the l-th alpha in its place: the solver saw its own columns.
void WindowedPath::lay_over(Index l, Vec& c) const {
  const double* const read = again_.data() + l * ix(looked_.size());
  for (std::size_t k = 0; k < looked_.size(); ++k) c[sz(looked_[k])] = read[k];
  for (Index k = 0; k < set_.size(); ++k) c[sz(set_.feature(k))] = own_[sz(l)][sz(k)];
}

// Correlations of all features at the l-th alpha, of those at rest to within their slack
void WindowedPath::interpolate(Index l, Vec& c) const {
  const double t = between_[sz(l)];
  c = met_correlations_;
  for (std::size_t j = 0; j < c.size(); ++j) c[j] += t * (end_[j] - c[j]);
  lay_over(l, c);
}

void WindowedPath::read_all(Index count) {
  looked_.resize(sz(p_));
  std::iota(looked_.begin(), looked_.end(), Index{0});
  others_ = looked_;
  again_.resize(sz(p_ * count));
  problem_.design->correlate(ConstMatrix(residuals_.data(), n_, count),
                             Matrix(again_.data(), p_, count), context_);
  result_.n_passes += count;
}

// The same for those in doubt, as many at a time as make up kAtOnce dense ones
void WindowedPath::read_some(Index count) {
  const double numbers = static_cast<double>(n_) * static_cast<double>(p_);
  const double stored = static_cast<double>(std::max<Index>(1, problem_.design->stored()));
  const auto at_once = static_cast<std::size_t>(std::min(
      static_cast<double>(kAtOnce) * std::max(1.0, numbers / stored), static_cast<double>(p_)));
  const ConstMatrix residuals(residuals_.data(), n_, count);
  const Index m = ix(looked_.size());
  again_.resize(sz(m * count));
  for (std::size_t lo = 0; lo < looked_.size(); lo += at_once) {
    const auto some = std::span(looked_).subspan(lo, std::min(at_once, looked_.size() - lo));
    read_->keep({});
    read_->add(some);
    read_->correlate(0, residuals, Matrix(again_.data() + lo, ix(some.size()), count, m), kAlone);
  }
  others_ = looked_;
  for (Index k = 0; k < set_.size(); ++k) others_.push_back(set_.feature(k));
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
