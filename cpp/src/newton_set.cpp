#include "excise/path/newton_set.hpp"

#include <algorithm>
#include <cmath>

namespace excise {
namespace {

Vec squares(Vec v) {
  for (double& x : v) x *= x;
  return v;
}

constexpr int kSteps = 200;
constexpr int kMoves = 1000;              // of the anchor of a loss with a kink
constexpr Index kLinearSystems = 100000;  // of all models of one alpha, and as many as kForEach
constexpr Index kForEach = 20;            // for each column
constexpr int kHalvings = 60;
constexpr double kLeastDamping = 1e-8;
constexpr double kShort = 0.1;      // a step shorter than this wants a model that is more careful
constexpr double kDecrease = 1e-4;  // share of the promised decrease that a step must keep
constexpr double kRounded = 1e-13;  // share of the objective below which it is rounding

}  // namespace

std::unique_ptr<WorkingSet> working_set(const StandardProblem& problem, const Context& context) {
  if (problem.loss) return std::make_unique<NewtonSet>(problem, context);
  return std::make_unique<ExactSet>(problem, context);
}

NewtonSet::NewtonSet(const StandardProblem& problem, const Context& context)
    : WorkingSet(problem),
      context_(context),
      weight_(squares(problem.root)),
      inverse_root_(problem.root),
      own_(problem.loss->begin(problem.y, weight_)),
      loss_(own_ ? *own_ : *problem.loss),
      pack_(problem.design->pack()),
      noise_(problem.noise()),
      quadratic_({nullptr, 0, 0}, {}, 0.0) {
  double mean = 0.0, offset = 0.0;
  for (std::size_t i = 0; i < weight_.size(); ++i) {
    inverse_root_[i] = weight_[i] > 0 ? 1.0 / inverse_root_[i] : 0.0;
    mean += weight_[i] * problem.y[i];
    if (!problem.offset.empty()) offset += weight_[i] * problem.offset[i];
  }
  if (problem.fit_intercept) now_.intercept = loss_.link(mean) - offset;
  for (Vec* v : {&now_.eta, &now_.slope, &now_.bend, &now_.cap, &now_.residual})
    v->resize(weight_.size());
  go_to({now_.b, now_.intercept});
}

void NewtonSet::start(std::span<const Index> slots, std::span<const double> b) {
  for (std::size_t k = 0; k < slots.size(); ++k) now_.b[sz(slots[k])] = b[k];
  go_to({now_.b, now_.intercept});
  has_model_ = false;
}

const Indices& NewtonSet::support() {
  support_.clear();
  for (std::size_t k = 0; k < now_.b.size(); ++k)
    if (now_.b[k] != 0) support_.push_back(ix(k));
  return support_;
}

DataTerm NewtonSet::data() const {
  constexpr double kNothing = 1e-13;  // of the null loss
  const double value = loss_.value(problem_.y, now_.eta, weight_);
  const auto shrunk = [this, eta = now_.eta, slope = now_.slope, value](double s) {
    const double most = (1 - s) * value;  // by convexity
    return loss_.exact() && most <= kNothing * problem_.null_loss
               ? most
               : loss_.shrunk_gap(problem_.y, eta, slope, weight_, s);
  };
  const double unbalanced = problem_.fit_intercept ? std::abs(now_.u0 * now_.intercept) : 0.0;
  return {value, [shrunk, unbalanced](double s) { return shrunk(s) + unbalanced; }};
}

void NewtonSet::grow(const Indices& features, const Penalty& more) {
  const Index first = ix(now_.b.size());
  pack_->add(features);
  penalty_.append(more);
  for (std::size_t k = 0; k < more.l1.size(); ++k)
    if (!problem_.penalty.is_intercept(features[k]))
      least_tax_ = more.l2[k] > 0 ? 0.0 : std::min(least_tax_, more.l1[k]);
  now_.b.resize(sz(pack_->size()));
  now_.c.resize(now_.b.size());
  pack_->correlate(first, ConstMatrix(now_.residual.data(), ix(now_.residual.size()), 1),
                   Matrix(now_.c.data() + first, size() - first, 1), context_);
  if (!has_model_) return;
  extend_model(first);
  solver_->grow(more);
}

void NewtonSet::keep(const Indices& kept) {
  pack_->keep(kept);
  for (std::size_t k = 0; k < kept.size(); ++k)
    for (Vec* v : {&now_.b, &now_.c}) (*v)[k] = (*v)[sz(kept[k])];
  for (Vec* v : {&now_.b, &now_.c}) v->resize(kept.size());
  penalty_.keep(kept);
  has_model_ = false;
}

// Goes to a point: eta = intercept + offset + Z b / root there, and what the loss says of it.
void NewtonSet::go_to(const Point& point) {
  now_.b = point.b;
  now_.intercept = point.intercept;
  Vec values;
  for (const Index k : support()) values.push_back(now_.b[sz(k)]);
  const auto turn = [this](Index begin, Index end) {
    for (std::size_t i = sz(begin); i < sz(end); ++i) {
      now_.eta[i] = now_.eta[i] * inverse_root_[i] + now_.intercept;
      if (!problem_.offset.empty()) now_.eta[i] += problem_.offset[i];
    }
    expand(begin, end);
  };
  pack_->sweep(support_, values.data(), now_.eta.data(), turn, loss_.by_rows(),
               now_.residual.data(), now_.c.data(), context_);
  balance();
}

// Slopes and bends of some rows
void NewtonSet::expand(Index begin, Index end) {
  const std::size_t from = sz(begin), count = sz(end - begin);
  auto coupling =
      loss_.expand(std::span(problem_.y).subspan(from, count),
                   std::span<const double>(now_.eta).subspan(from, count), now_.slope.data() + from,
                   now_.bend.data() + from, now_.cap.data() + from);
  if (coupling) now_.coupling = std::move(coupling);  // of all rows: the others come in parts
  for (std::size_t i = from; i < from + count; ++i)
    now_.residual[i] = weight_[i] > 0 ? -problem_.root[i] * now_.slope[i] : 0.0;
}

// Slopes, bends and correlations at an eta that is known.
void NewtonSet::expand() {
  const Index n = ix(now_.residual.size());
  expand(0, n);
  pack_->correlate(0, ConstMatrix(now_.residual.data(), n, 1),
                   Matrix(now_.c.data(), ix(now_.c.size()), 1), context_);
  balance();
}

void NewtonSet::balance() {
  const Index n = ix(now_.residual.size());
  now_.u0 =
      problem_.fit_intercept ? kernels().dot(problem_.root.data(), now_.residual.data(), n) : 0.0;
  fresh_ = false;
}

void NewtonSet::bend(const Vec& bends, const Coupling* coupling, double* v) const {
  const Vec before = coupling ? Vec(v, v + bends.size()) : Vec();
  for (std::size_t i = 0; i < bends.size(); ++i) v[i] *= bends[i];
  if (coupling) coupling->subtract(before.data(), v);
}

double NewtonSet::violation() const {
  return std::max(std::abs(now_.u0), penalty_.violation(now_.b, now_.c, alpha_));
}

// The violation at which the gap of a lasso is clearly below what is wanted: it is about three
// times their product with the sum of |b|. Other penalties are solved to rounding.
double NewtonSet::small_enough() const {
  constexpr double kShare = 0.1, kOfTax = 1e-7, kMost = 3e4;
  if (strict_ || !(least_tax_ > 0) || !loss_.bends()) return noise_;
  double size = std::abs(now_.intercept);
  for (const double b : now_.b) size += std::abs(b);
  const double of_tax = kOfTax * alpha_ * least_tax_;
  const double wanted = kShare * problem_.tol * problem_.null_loss;
  return std::max(noise_, std::min({of_tax, kMost * noise_, size > 0 ? wanted / size : 0.0}));
}

// Moves to the minimum of the model, if that is clearly nearer to the optimality conditions than
// any point before (the objective may go up, but not again and again); else towards it as far as
// the objective goes down.
NewtonSet::Step NewtonSet::step(double violated) {
  const Point aim = model_minimum();
  std::swap(before_, now_);
  now_.fit(before_);
  go_to(aim);
  Vec& move = move_;
  move.assign(now_.eta.size(), 0.0);
  double longest = 0.0;
  for (std::size_t i = 0; i < move.size(); ++i) {
    if (weight_[i] > 0) move[i] = now_.eta[i] - before_.eta[i];
    longest = std::max(longest, std::abs(move[i]));
  }
  const bool short_enough = longest <= loss_.longest_step();
  if (short_enough) {
    see_stretch();
    if (violation() < 0.5 * violated) return {1.0, 1.0, false};
  }
  double promised =
      before_.u0 * (aim.intercept - before_.intercept) + penalty(before_.b) - penalty(aim.b);
  for (std::size_t k = 0; k < aim.b.size(); ++k)
    promised += before_.c[k] * (aim.b[k] - before_.b[k]);
  const double value = loss_.smooth_value(problem_.y, before_.eta, weight_) + penalty(before_.b);
  const double rounded = kRounded * std::abs(value);
  const double most = short_enough ? 1.0 : loss_.longest_step() / longest;
  double t = most;
  for (int halving = 0; std::isfinite(longest) && halving < kHalvings; ++halving, t *= 0.5) {
    for (std::size_t k = 0; t < 1 && k < aim.b.size(); ++k)
      now_.b[k] = before_.b[k] + t * (aim.b[k] - before_.b[k]);
    for (std::size_t i = 0; t < 1 && i < move.size(); ++i)
      now_.eta[i] = before_.eta[i] + t * move[i];
    const double after = smooth_objective();
    if (!(after <= value - kDecrease * t * promised + rounded)) continue;
    if (t < 1) {
      now_.intercept = before_.intercept + t * (aim.intercept - before_.intercept);
      expand();
      see_stretch();
    }
    return {t, t / most, promised <= rounded};
  }
  std::swap(now_, before_);
  return {0.0, 0.0, promised <= rounded};
}

bool NewtonSet::solve(double alpha) {
  constexpr double kShare = 0.01, kOwnShare = 0.1;
  alpha_ = alpha;
  strict_ = false;
  most_solves_ = n_solves_ + kLinearSystems + kForEach * size();
  descend();
  if (loss_.couples_rows() && !cheap_to_shrink()) {
    strict_ = true;
    descend();
  }
  const double wanted = kShare * problem_.tol * problem_.null_loss;
  for (int move = 0; own_ && move < kMoves && n_solves_ < most_solves_ &&
                     own_->tighten(problem_.y, now_.eta, now_.slope, weight_, wanted);
       ++move) {
    noise_ = std::max(problem_.noise(), kOwnShare * rounding(square_size()));
    expand();
    descend();
  }
  dust();
  return violation() <= std::max(small_enough(), 16 * noise_);
}

// Taxed coefficients, or groups of them, that move no correlation by more than its rounding are
// zero: at an entry the model cannot tell.
void NewtonSet::dust() {
  constexpr double kNoises = 16;
  Point point{now_.b, now_.intercept};
  const Index m = ix(point.b.size());
  if (ix(gram_.size()) != m * m) return;
  bool any = false;
  const auto settle = [&](std::span<const Index> some) {
    double moves = 0.0;
    for (const Index k : some) moves += std::abs(point.b[sz(k)]) * gram_[sz(k + k * m)];
    if (!(moves > 0 && moves <= kNoises * noise_) || penalty_.at(some.front(), alpha_).smooth())
      return;
    for (const Index k : some) point.b[sz(k)] = 0.0;
    any = true;
  };
  for (Index g = 0; g < penalty_.groups.count(); ++g) settle(penalty_.groups[g]);
  for (Index k = 0; k < m && !penalty_.grouped(); ++k) settle(std::span(&k, 1));
  if (!any) return;
  const Point kept{now_.b, now_.intercept};
  const double before = smooth_objective();
  go_to(point);
  // Where nothing bends what moves no correlation may still matter.
  if (smooth_objective() > before + kRounded * std::abs(before)) go_to(kept);
}

// Whether the shrinking that the violation here asks of the dual point costs as little as wanted:
// where a row that is hardly ever the one has the event, it may cost more than its square.
bool NewtonSet::cheap_to_shrink() const {
  constexpr double kShare = 0.1;
  const double off = violation() / (alpha_ * least_tax_);
  return off < 1 && data().gap(1 - off) <= kShare * problem_.tol * problem_.null_loss;
}

// What Newton's method minimises, here
double NewtonSet::smooth_objective() const {
  return loss_.smooth_value(problem_.y, now_.eta, weight_) + penalty(now_.b);
}

// Newton steps until the optimality conditions hold.
void NewtonSet::descend() {
  damping_ = std::min(damping_, kFirstDamping);
  double last = violation(), least = last;
  for (int round = 0; round < kSteps && n_solves_ < most_solves_ && last > small_enough();
       ++round) {
    context_.poll();
    if (!has_model_) make_model();
    const bool was_new = fresh_;
    const Step taken = step(least);
    const double now = violation();
    least = std::min(least, now);
    const bool halved = now < 0.5 * last;
    if (was_new && !halved && taken.rounded) {
      // Few rows bend, and along the rest of the columns the model is too flat to be told from
      // rounding.
      if (loss_.bends() || damping_ >= kFirstDamping) break;
      damping_ = kFirstDamping;
      has_model_ = false;
      last = now;
      continue;
    }
    if (was_new) {
      if (taken.length == 1) damping_ = std::max(kLeastDamping, damping_ / 10);
      if (taken.share < kShort) damping_ *= 10;
      if (damping_ > 1) break;
    }
    if (taken.length < 1 || (was_new && !halved) || worth_a_new_model(last, now))
      has_model_ = false;
    last = now;
  }
}

}  // namespace excise
