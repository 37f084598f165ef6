// The model of the loss on a working set that Newton's method minimises.
#include <algorithm>
#include <cmath>

#include "excise/path/newton_set.hpp"

namespace excise {

void NewtonSet::make_model() {
  constexpr double kLeast = 1e-12;  // share of the largest bend
  double most = 0.0;
  for (std::size_t i = 0; i < now_.cap.size(); ++i)
    if (weight_[i] > 0) most = std::max(most, now_.cap[i]);
  model_bend_.resize(now_.bend.size());
  model_coupling_ = now_.coupling;
  // What couples rows is taken off their bends again, so that damping has to add to them.
  const double extra = damping_ > kFirstDamping ? damping_ : 0.0;
  for (std::size_t i = 0; i < now_.bend.size(); ++i) {
    const double bends = model_coupling_ ? now_.bend[i] + extra * now_.cap[i]
                                         : std::max(now_.bend[i], damping_ * now_.cap[i]);
    model_bend_[i] = weight_[i] > 0 ? std::max(bends, kLeast * most) : 0.0;
  }
  bent_root_ = problem_.root;
  bend(model_bend_, model_coupling_.get(), bent_root_.data());
  curvature_ = kernels().dot(problem_.root.data(), bent_root_.data(), ix(bent_root_.size()));
  gram_.clear();
  with_intercept_.clear();
  solver_ = small_solver(quadratic_, problem_.penalty, noise_, context_.poll);
  if (model_coupling_ && !model_coupling_->products().empty()) solver_->expect_ties();
  extend_model(0);
  solver_->grow(penalty_);
  Vec values;
  for (const Index k : support()) values.push_back(now_.b[sz(k)]);
  solver_->start(support_, values);
  has_model_ = fresh_ = true;
  stretch_ = 1.0;
}

// Brings in the columns from `first` on.
void NewtonSet::extend_model(Index first) {
  const Index m = pack_->size(), added = m - first, n = ix(weight_.size());
  Vec& all = room_;
  all.resize(sz(m * m));
  for (Index k = 0; k < first; ++k)
    std::copy_n(gram_.data() + k * first, first, all.data() + k * m);
  const Matrix more(all.data() + first * m, m, added);
  if (!model_coupling_)
    pack_->weighted_gram(model_bend_, first, more, context_);
  else
    pack_->bent_gram({[this](double* v) { bend(model_bend_, model_coupling_.get(), v); },
                      model_bend_, model_coupling_->products()},
                     first, more, context_);
  with_intercept_.resize(sz(m));
  if (problem_.fit_intercept) {
    pack_->correlate(first, ConstMatrix(bent_root_.data(), n, 1),
                     Matrix(with_intercept_.data() + first, added, 1), context_);
    for (Index k = first; k < m; ++k)
      kernels().axpy(-with_intercept_[sz(k)] / curvature_, with_intercept_.data(),
                     all.data() + k * m, m);
  }
  for (Index k = 0; k < first; ++k)
    for (Index j = first; j < m; ++j) all[sz(j + k * m)] = all[sz(k + j * m)];
  gram_.swap(all);
  target_.resize(sz(m));
  quadratic_.become(ConstMatrix(gram_.data(), m, m), target_, 0.0);
}

// argmin over (b, intercept) of the model plus the penalty
NewtonSet::Point NewtonSet::model_minimum() {
  const Index m = ix(now_.b.size());
  std::copy(now_.c.begin(), now_.c.end(), target_.begin());
  if (problem_.fit_intercept)
    kernels().axpy(-now_.u0 / curvature_, with_intercept_.data(), target_.data(), m);
  for (double& q : target_) q /= stretch_;
  double bq = 0.0;
  std::vector<const double*> columns;
  Vec values;
  for (const Index k : support()) {
    bq += now_.b[sz(k)] * target_[sz(k)];
    columns.push_back(gram_.data() + k * m);
    values.push_back(now_.b[sz(k)]);
  }
  kernels().combine(columns.data(), values.data(), ix(columns.size()), m, target_.data());
  double bgb = -bq;
  for (Index k = 0; k < m; ++k) bgb += now_.b[sz(k)] * target_[sz(k)];
  // so that the model is about the loss at b
  const double yy = 2 * problem_.null_loss / stretch_ + 2 * bq + bgb;
  quadratic_.become(ConstMatrix(gram_.data(), m, m), target_, std::max(yy, 0.0));
  const Index before = solver_->n_solves();
  solver_->solve(alpha_ / stretch_);
  n_solves_ += solver_->n_solves() - before;
  Point point{solver_->coefficients(), now_.intercept};
  if (problem_.fit_intercept) {
    double rest = now_.u0 / stretch_;
    for (Index k = 0; k < m; ++k) rest -= with_intercept_[sz(k)] * (point.b[sz(k)] - now_.b[sz(k)]);
    point.intercept += rest / curvature_;
  }
  return point;
}

// By how much the loss now bends more than the model, in the direction of the last move.
void NewtonSet::see_stretch() {
  const auto curvature = [&](const Vec& bends, const Coupling* coupling) {
    bent_.resize(move_.size());
    for (std::size_t i = 0; i < move_.size(); ++i) bent_[i] = problem_.root[i] * move_[i];
    bend(bends, coupling, bent_.data());
    double total = 0.0;
    for (std::size_t i = 0; i < move_.size(); ++i) total += problem_.root[i] * move_[i] * bent_[i];
    return total;
  };
  const double now = curvature(now_.bend, now_.coupling.get());
  const double old = curvature(model_bend_, model_coupling_.get());
  stretch_ = old > 0 && now > 0 ? std::clamp(now / old, 1e-3, 1e3) : 1.0;
}

// Whether a new model costs less than what the old one would still take, in readings of the
// columns: an old one gains the same share at every step, a new one doubles the digits.
bool NewtonSet::worth_a_new_model(double before, double now) const {
  constexpr double kModelColumns = 8;  // columns of a Gram matrix for the price of a reading
  const double rate = now / before;
  if (!(rate < 0.5)) return true;
  const double steps = std::log(now / small_enough()) / -std::log(rate);
  return 2 * steps > 4 + static_cast<double>(pack_->size()) / kModelColumns;
}

}  // namespace excise
