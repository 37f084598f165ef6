#include "excise/path/lookout.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace excise {
namespace {

constexpr Index kAtOnce = 64;       // columns packed at a time
constexpr Index kWholesale = 8;     // a share of the columns beyond which all are read
constexpr double kRounding = 1e-6;  // by which a column may be longer than one
constexpr double kNoises = 16;      // by which a correlation may be off: the null model's most
constexpr double kLeastSlope = 0.05;

}  // namespace

Lookout::Lookout(const StandardProblem& problem, const NullModel& null, WorkingSet& set,
                 const Context& context)
    : problem_(problem),
      set_(set),
      context_(context),
      n_(problem.design->rows()),
      p_(problem.design->cols()),
      read_(problem.design->pack()),
      certifier_(problem.penalty, problem.noise()),
      met_(null.residual),
      met_correlations_(null.correlations),
      reference_(null.correlations),
      reference_alpha_(certifier_.alpha_max(reference_.data())),
      met_alpha_(reference_alpha_),
      past_alpha_(reference_alpha_),
      here_(sz(p_)) {
  Indices free;
  for (Index j = 0; j < p_; ++j)
    if (problem_.penalty.l1[sz(j)] == 0) free.push_back(j);
  set_.add(free);
}

void Lookout::start(double alpha) {
  met_ = set_.residual();
  problem_.design->correlate(ConstMatrix(met_.data(), n_, 1),
                             Matrix(met_correlations_.data(), p_, 1), context_);
  ++n_passes_;
  reference_ = met_correlations_;
  reference_alpha_ = met_alpha_ = past_alpha_ = alpha;
}

void Lookout::enlist(std::span<const Index> candidates) {
  if (!missed_ && 4 * set_.size() > 5 * (ix(candidates.size()) + ix(set_.n_active())) + 256) {
    std::vector<char> wanted(sz(p_));
    for (const Index j : candidates) wanted[sz(j)] = 1;
    set_.prune(wanted);
  }
  Indices fresh(candidates.begin(), candidates.end());
  std::erase_if(fresh, [&](Index j) { return set_.holds(j); });
  set_.add(fresh);
}

void Lookout::clear() {
  alphas_.clear();
  residuals_.clear();
  looked_.clear();
}

void Lookout::note(double alpha) {
  const Index l = size();
  alphas_.push_back(alpha);
  residuals_.insert(residuals_.end(), set_.residual().begin(), set_.residual().end());
  if (ix(own_.size()) <= l) own_.resize(sz(l + 1));
  own_[sz(l)] = set_.correlations();
}

// Correlations at every alpha of the window, exact wherever a feature could earn its tax: the
// last residual meets every column; the others lie near the line from the last one that did, and
// a unit-length column sees no more of the rest than its length,
//   |z_j'(r_l - r_0 - t (r_w - r_0))| <= |r_l - r_0 - t (r_w - r_0)|.
// Only the columns that this bound leaves in doubt are read again.
void Lookout::meet(std::span<const double> c) {
  const Index window = size();
  ++n_passes_;
  end_.assign(c.begin(), c.end());
  const double* const last = residual(window - 1);
  for (Index k = 0; k < set_.size(); ++k) end_[sz(set_.feature(k))] = own_[sz(window - 1)][sz(k)];
  between_.resize(sz(window));
  looked_.clear();
  direction_.assign(last, last + n_);
  kernels().axpy(-1.0, met_.data(), direction_.data(), n_);
  const double square = kernels().dot(direction_.data(), direction_.data(), n_);
  for (Index l = 0; l + 1 < window; ++l) {
    rest_.assign(residual(l), residual(l) + n_);
    kernels().axpy(-1.0, met_.data(), rest_.data(), n_);
    const double t = square > 0 ? kernels().dot(direction_.data(), rest_.data(), n_) / square : 0.0;
    kernels().axpy(-t, direction_.data(), rest_.data(), n_);
    const double slack =
        (1 + kRounding) * std::sqrt(kernels().dot(rest_.data(), rest_.data(), n_)) +
        kNoises * problem_.noise();
    between_[sz(l)] = t;
    for (const Index j :
         certifier_.may_enter(met_correlations_.data(), end_.data(), t, slack, alphas_[sz(l)]))
      if (!set_.holds(j)) looked_.push_back(j);
  }
  std::sort(looked_.begin(), looked_.end());
  looked_.erase(std::unique(looked_.begin(), looked_.end()), looked_.end());
  if (kWholesale * ix(looked_.size()) > p_)
    read_all(window - 1);
  else
    read_some(window - 1);
}

double* Lookout::seen(Index l) {
  if (l == size() - 1) return end_.data();
  lay_over(l, here_);
  return here_.data();
}

void Lookout::settle(Index accepted, Indices missed) {
  missed_ = !missed.empty();
  const bool all = accepted == size();
  if (accepted > 0) {
    reference_alpha_ = alphas_[sz(accepted - 1)];
    if (all)
      reference_ = end_;
    else
      interpolate(accepted - 1, reference_);
    past_ = met_correlations_;
    past_alpha_ = met_alpha_;
  }
  if (all) {
    met_.assign(residual(accepted - 1), residual(accepted - 1) + n_);
    met_correlations_ = reference_;
    met_alpha_ = reference_alpha_;
  }
  slope_ = missed_ ? std::min(1.0, 1.5 * slope_ + 0.1) : std::max(kLeastSlope, 0.8 * slope_);
  std::sort(missed.begin(), missed.end());
  missed.erase(std::unique(missed.begin(), missed.end()), missed.end());
  set_.add(missed);
}

// Puts what is known exactly at the l-th alpha in its place: the solver saw its own columns.
void Lookout::lay_over(Index l, Vec& c) const {
  const double* const read = again_.data() + l * ix(looked_.size());
  for (std::size_t k = 0; k < looked_.size(); ++k) c[sz(looked_[k])] = read[k];
  for (Index k = 0; k < set_.size(); ++k) c[sz(set_.feature(k))] = own_[sz(l)][sz(k)];
}

// Correlations of all features at the l-th alpha, of those at rest to within their slack
void Lookout::interpolate(Index l, Vec& c) const {
  const double t = between_[sz(l)];
  c = met_correlations_;
  for (std::size_t j = 0; j < c.size(); ++j) c[j] += t * (end_[j] - c[j]);
  lay_over(l, c);
}

void Lookout::read_all(Index count) {
  looked_.resize(sz(p_));
  std::iota(looked_.begin(), looked_.end(), Index{0});
  others_ = looked_;
  again_.resize(sz(p_ * count));
  problem_.design->correlate(ConstMatrix(residuals_.data(), n_, count),
                             Matrix(again_.data(), p_, count), context_);
  n_passes_ += count;
}

// The same for those in doubt, as many at a time as make up kAtOnce dense ones
void Lookout::read_some(Index count) {
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

// Features that may earn their tax at `alpha`: correlations go on as they did since the last
// reading but one, give or take `slope_` times the fall of alpha; with no past, the strong rule.
std::span<const Index> Lookout::ahead(double alpha) {
  const double fall = std::max(0.0, reference_alpha_ - alpha);
  const bool has_past = past_alpha_ > reference_alpha_;
  const double on = has_past ? 1.0 + fall / (past_alpha_ - reference_alpha_) : 1.0;
  const double slope = has_past ? slope_ : 1.0;
  return certifier_.may_enter(has_past ? past_.data() : reference_.data(), reference_.data(), on,
                              0.0,
                              std::max(alpha - slope * fall, std::numeric_limits<double>::min()));
}

}  // namespace excise
