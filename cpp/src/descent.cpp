// The safe half of the active set: one column changes at a time and every step lowers the
// objective.
#include <algorithm>

#include "excise/solve/active_set.hpp"

namespace excise {

// Moves towards the Newton target as far as every interval allows; false when one stopped it.
bool ActiveSet::step_within() {
  const Vec& x = newton_target();
  double t = 1.0;
  Index stop = -1;
  double end = 0.0;
  for (Index k = 0; k < ix(active_.size()); ++k) {
    const Index j = active_[sz(k)];
    if (inside(j, x[sz(k)])) continue;
    const auto [low, high] = interval(j);
    const double limit = x[sz(k)] <= low ? low : high, move = x[sz(k)] - b_[sz(j)];
    const double share = move == 0 ? 0.0 : (limit - b_[sz(j)]) / move;
    if (share < t || stop < 0) {
      t = std::clamp(share, 0.0, 1.0);
      stop = k;
      end = limit;
    }
  }
  for (Index k = 0; k < ix(active_.size()); ++k) {
    double& b = b_[sz(active_[sz(k)])];
    b = stop < 0 ? x[sz(k)] : b + t * (x[sz(k)] - b);
  }
  if (stop < 0) return true;
  const Index j = active_[sz(stop)];
  if (t == 0) barred_[sz(j)] = 1;  // entered and left without moving: rounding
  fix(j, end);
  release(stop);
  return false;
}

// Column j earns more than its tax but is linearly dependent on the active ones: moving along the
// null direction leaves the fit alone and lowers the penalty until an active column reaches an
// end of its interval and makes room.
bool ActiveSet::exchange(Index j, Side side) {
  const Side rest = side_[sz(j)];
  const bool up = rest == Side::AtLower || (rest == Side::Zero && c_[sz(j)] > 0);
  const double s = up ? 1.0 : -1.0;
  side_[sz(j)] = side;
  for (Index round = ix(active_.size()); round >= 0; --round) {
    Vec d(active_.size());
    quadratic_.cross(j, active_, d.data());
    factor_.solve(d.data());
    const auto [low_j, high_j] = interval(j);
    double t = s > 0 ? high_j - b_[sz(j)] : b_[sz(j)] - low_j;
    Index stop = -1;
    double end = 0.0;
    for (Index k = 0; k < ix(active_.size()); ++k) {
      const Index i = active_[sz(k)];
      const double move = -s * d[sz(k)];
      if (std::abs(move) < 1e-12) continue;
      const auto [low, high] = interval(i);
      const double limit = move < 0 ? low : high, time = (limit - b_[sz(i)]) / move;
      if (time < t) {
        t = std::max(time, 0.0);
        stop = k;
        end = limit;
      }
    }
    if (t == kInfinity) {  // dependent on unpenalised columns alone
      side_[sz(j)] = rest;
      return false;
    }
    for (Index k = 0; k < ix(active_.size()); ++k) {
      double& b = b_[sz(active_[sz(k)])];
      const auto [low, high] = interval(active_[sz(k)]);
      b = std::clamp(b - t * s * d[sz(k)], low, high);  // moves too small to stop at still stop
    }
    b_[sz(j)] += t * s;
    if (stop < 0) {
      fix(j, s > 0 ? high_j : low_j);
      return true;
    }
    const Index out = active_[sz(stop)];
    fix(out, end);
    release(stop);
    if (admit(j, side)) return true;
  }
  return false;
}

bool ActiveSet::descend() {
  refresh();
  constexpr int kIdle = 50;        // steps along ties that gain nothing
  constexpr double kGain = 1e-15;  // share of the objective that is no rounding
  const Index limit = 20 * (size() + 50);
  double least = kInfinity;
  int idle = 0;
  for (Index step = 0; step < limit; ++step) {
    while (!step_within()) {
    }
    refresh();
    poll_();
    if (ties_ || (ridge_ && lag_ > 0)) {
      const double now = objective();
      idle = now < least - kGain * std::abs(least) ? 0 : idle + 1;
      least = std::min(least, now);
      if (idle > kIdle) break;
    }
    Index best = -1;
    double most = noise_;
    Side side{}, best_side{};
    for (Index j = 0; j < size(); ++j) {
      const double e = excess(j, &side);
      if (barred_[sz(j)] || !(e > most)) continue;
      most = e;
      best = j;
      best_side = side;
    }
    if (best < 0) break;
    if (admit(best, best_side) || exchange(best, best_side)) continue;
    barred_[sz(best)] = 1;
  }
  return at_optimum();
}

bool ActiveSet::at_optimum() const {
  Side side{};
  for (Index j = 0; j < size(); ++j)
    if (excess(j, &side) > 4 * noise_) return false;
  return true;
}

}  // namespace excise
