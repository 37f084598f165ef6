// Newton's method on the support of a concave problem.
#include <algorithm>

#include "excise/solve/concave_descent.hpp"

namespace excise {
namespace {

constexpr int kSteps = 1000;
constexpr int kMostSweeps = 30;
constexpr int kHalvings = 30;
constexpr int kOnTheSpot = 2;  // changes of a piece in a row without a move: it may go on for ever
constexpr Index kShift = 20;   // bends that change cost as much as a new factor of so many columns
constexpr double kDependent = 1e-11;  // a squared pivot of a unit column that is not positive
constexpr double kRounded = 1e-15;    // share of the loss below which a change is rounding
constexpr double kDecrease = 1e-4;    // share of the promised decrease that a step must keep

}  // namespace

// Moves to a local minimum over the columns that are in, as seen by their Gram matrix.
void ConcaveDescent::settle() {
  double last = kInfinity;
  int sweeps = 0;
  on_the_spot_ = 0;
  const auto sweep_instead = [&] {
    sweep();
    on_the_spot_ = 0;
    return ++sweeps <= kMostSweeps;
  };
  for (int step = 0; step < kSteps; ++step) {
    poll_();
    const Stance stance = prepare();
    if (on_the_spot_ > kOnTheSpot || stance == Stance::Stuck) {
      if (!sweep_instead()) return;
      continue;
    }
    if (stance == Stance::Slid) continue;
    const double off = unbalance();
    if (off <= noise_) return;
    d_ = r_;
    factor_.solve(d_.data());
    ++n_solves_;
    const Went went = go();
    if (went == Went::Whole && !penalty_.concave.bends_within()) return;
    if (went != Went::Nowhere) continue;
    if (!(off < 0.5 * last) || !sweep_instead()) return;  // nothing but rounding is left
    last = off;
  }
}

// Makes a factor to go by, or slides to where one may be. Where the curvature changes on the way,
// as much of it is taken as leaves H positive: with none it is that of a tangent, which lies above.
ConcaveDescent::Stance ConcaveDescent::prepare() {
  for (const double share : {1.0, 0.9, 0.5, 0.0}) {
    taken_ = share;
    const Index place = factorise();
    if (place < 0) return Stance::Ready;
    if (slide(place)) return Stance::Slid;
    if (!penalty_.concave.bends_within()) break;
  }
  return Stance::Stuck;
}

// Brings the factor up to date; -1, or the place of the first column whose pivot is not positive.
// What the factor makes of it is left in `solved_`.
Index ConcaveDescent::factorise() {
  Indices changed;
  for (Index place = 0; place < factor_.size(); ++place)
    if (factored_[sz(place)] != taken_ * bend(place)) changed.push_back(place);
  if (ix(changed.size()) * kShift > factor_.size()) factor_.truncate(changed.front());
  for (const Index place : changed) {
    if (place >= factor_.size()) break;
    const double bends = taken_ * bend(place);
    factor_.shift(place, bends - factored_[sz(place)]);
    factored_[sz(place)] = bends;
  }
  while (factor_.size() < size()) {
    const Index place = factor_.size();
    const double bends = taken_ * bend(place);
    const double pivot = factor_.project(gram_.unit(place), gram_.diagonal(place) + bends, solved_);
    if (!(pivot > kDependent)) return place;
    factor_.append(solved_, pivot);
    factored_[sz(place)] = bends;
  }
  return -1;
}

// How far the step leads before a coefficient comes to an end of its piece; infinite if it never
// does.
ConcaveDescent::Crossing ConcaveDescent::first_crossing(const Vec& step) const {
  Crossing first{kInfinity, -1};
  for (Index place = 0; place < size(); ++place) {
    const ConcaveNet pays = net(place);
    if (pays.smooth() || step[sz(place)] == 0) continue;
    const double x = x_[sz(place)], size = std::abs(x);
    const double grows = std::copysign(1.0, x) * step[sz(place)];
    const int piece = piece_[sz(place)];
    const double end = grows > 0 ? pays.high(piece) : pays.low(piece);
    const double share = std::max(0.0, (end - size) / grows);
    if (share < first.share) first = {share, place};
  }
  return first;
}

// By how much the objective changes; sets what the Gram matrix makes of the step.
double ConcaveDescent::change(const Vec& step) {
  gram_.multiply(step, ge_);
  double total = 0.0;
  for (Index place = 0; place < size(); ++place) {
    const std::size_t k = sz(place);
    total += step[k] * (0.5 * ge_[k] - s_[k]);
    const ConcaveNet pays = net(place);
    if (!pays.smooth())
      total += pays.value(std::abs(x_[k] + step[k])) - pays.value(std::abs(x_[k]));
  }
  return total;
}

// Goes a share of the step that `change` was asked about last.
void ConcaveDescent::move(const Vec& step, double share) {
  for (std::size_t k = 0; k < x_.size(); ++k) {
    x_[k] += share * step[k];
    s_[k] -= share * ge_[k];
  }
}

// Goes to the crossing, and over it.
void ConcaveDescent::cross(const Vec& step, const Crossing& at) {
  const std::size_t k = sz(at.place);
  const ConcaveNet pays = net(at.place);
  const bool grows = (step[k] > 0) == (x_[k] > 0);
  const double end = grows ? pays.high(piece_[k]) : pays.low(piece_[k]);
  const double sign = std::copysign(1.0, x_[k]);
  on_the_spot_ = at.share > 0 ? 0 : on_the_spot_ + 1;
  move(step, at.share);
  x_[k] = sign * end;
  piece_[k] += grows ? 1 : -1;
  if (end == 0) release(at.place);
}

// Goes along `d_`, Newton's step from where it stands.
ConcaveDescent::Went ConcaveDescent::go() {
  const Crossing first = first_crossing(d_);
  double promised = 0.0;
  for (std::size_t k = 0; k < d_.size(); ++k) promised += r_[k] * d_[k];
  if (!(promised > 0)) return Went::Nowhere;
  if (first.share > 1) {
    if (penalty_.concave.bends_within()) return go_bent(promised);
    gram_.multiply(d_, ge_);
    move(d_, 1.0);
    return Went::Whole;
  }
  aim_ = d_;
  for (Index place = 0; place < size(); ++place) {
    const double x = x_[sz(place)];
    const bool flips = (x + d_[sz(place)]) * x <= 0;
    if (flips && !net(place).smooth()) aim_[sz(place)] = -x;
  }
  if (change(aim_) < -kDecrease * promised) {
    move(aim_, 1.0);
    for (std::size_t k = 0; k < x_.size(); ++k)
      if (aim_[k] != d_[k]) x_[k] = 0.0;
    see_pieces();
    release_zeros();
    return Went::Part;
  }
  Vec step = d_;
  if (penalty_.concave.bends_within()) {
    for (std::size_t k = 0; k < step.size(); ++k) step[k] *= first.share;
    if (!(change(step) < 0)) return go_bent(promised);
  }
  gram_.multiply(d_, ge_);
  cross(d_, first);
  return Went::Part;
}

// As far along `d_` as the objective goes down, its curvature changing on the way.
ConcaveDescent::Went ConcaveDescent::go_bent(double promised) {
  const double off = unbalance();
  const Vec x = x_, s = s_;
  double share = 1.0;
  const Crossing first = first_crossing(d_);
  if (first.share <= 1) share = 0.9 * first.share;
  gram_.multiply(d_, work_);
  for (int halving = 0; halving < kHalvings; ++halving, share *= 0.5) {
    aim_ = d_;
    for (double& e : aim_) e *= share;
    const double changed = change(aim_);
    move(aim_, 1.0);
    const Vec before = r_;
    const bool nearer = unbalance() < 0.5 * off;
    if (nearer || changed < -kDecrease * share * promised)
      return share == 1.0 ? Went::Whole : Went::Part;
    x_ = x;
    s_ = s;
    r_ = before;
  }
  return Went::Nowhere;
}

// Whether the objective is lower at the crossing, by more than rounding.
bool ConcaveDescent::lower(const Vec& step, const Crossing& at) {
  aim_ = step;
  for (double& e : aim_) e *= at.share;
  return change(aim_) < -kRounded * rr_;
}

// Takes a column whose pivot is not positive along the direction in which the objective is not
// convex, to the nearest end of a piece. False if that gains nothing.
bool ConcaveDescent::slide(Index place) {
  Vec step(active_.size());
  std::copy(solved_.begin(), solved_.end(), step.begin());
  factor_.backward(step.data());
  for (Index k = 0; k < place; ++k) step[sz(k)] *= -1.0;
  step[sz(place)] = 1.0;
  unbalance();
  double rise = 0.0, size_of_step = 0.0;
  for (std::size_t k = 0; k < step.size(); ++k) {
    rise += r_[k] * step[k];
    size_of_step += std::abs(step[k]);
  }
  const auto turn = [&] {
    for (double& e : step) e = -e;
  };
  if (rise < 0) turn();
  Crossing first = first_crossing(step);
  if (std::abs(rise) <= kSteps * noise_ * size_of_step) {  // either side will do: the nearer end
    turn();
    const Crossing other = first_crossing(step);
    if (other.share < first.share)
      first = other;
    else
      turn();
  }
  if (first.place < 0 &&
      net(place).smooth()) {  // a column that pays nothing, in the span of others of its kind
    const Index j = active_[sz(place)];
    gram_.multiply(step, ge_);
    move(step, -x_[sz(place)] / step[sz(place)]);
    barred_[sz(j)] = 1;
    release(place);
    return true;
  }
  const bool sure = !penalty_.concave.bends_within();
  if (first.place < 0 || !(sure || lower(step, first))) {
    turn();
    first = first_crossing(step);
    if (first.place < 0 || !lower(step, first)) return false;
  }
  gram_.multiply(step, ge_);
  cross(step, first);
  return true;
}

}  // namespace excise
