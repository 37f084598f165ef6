// The elastic net with a box, one feature at a time:
//   Omega_j(b) = l1_j |b| + l2_j b^2 / 2 + indicator of [lower_j, upper_j],   lower <= 0 <= upper
// l1 = infinity excludes a feature, l1 = l2 = 0 leaves it free.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "excise/base/types.hpp"

namespace excise {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct ElasticNet {
  double l1, l2, lower, upper;

  bool excluded() const { return l1 == kInfinity || (lower == 0 && upper == 0); }
  bool smooth() const { return l1 == 0; }  // no kink at zero: never excised by the tax

  // l1 |b| + l2 b^2 / 2, for b in the box
  double value(double b) const { return b == 0 ? 0.0 : l1 * std::abs(b) + 0.5 * l2 * b * b; }

  // The smallest l1 at which b = 0 is optimal, c being minus the gradient of the loss at b = 0.
  // alpha_max, the entry tax of a zero, and elimination all come from here.
  double zero_threshold(double c) const {
    return c > 0 ? (upper > 0 ? c : 0.0) : (lower < 0 ? -c : 0.0);
  }

  // argmax over b of z b - Omega(b); infinite where the supremum is
  double conjugate_argmax(double z) const {
    const double over = std::abs(z) - l1;
    if (!(over > 0)) return 0.0;
    const double b = l2 > 0 ? std::copysign(over / l2, z) : std::copysign(kInfinity, z);
    return std::clamp(b, lower, upper);
  }

  // Omega(b) + Omega*(z) - b z >= 0, zero iff z is a subgradient at b (Fenchel-Young)
  double fenchel_young(double b, double z) const {
    if (excluded()) return 0.0;
    const double best = conjugate_argmax(z);
    if (std::isinf(best)) return kInfinity;
    // (z b' - Omega(b')) - (z b - Omega(b)), expanded about b' so that nothing cancels
    if (best == b) return 0.0;
    return std::max(0.0, (z * best - value(best)) - (z * b - value(b)));
  }

  // Distance of c from the subdifferential of Omega at b
  double violation(double b, double c) const {
    if (excluded()) return 0.0;
    if (b == 0) return std::max(0.0, zero_threshold(c) - l1);
    const double slope = c - l2 * b - std::copysign(l1, b);
    if (b >= upper) return std::max(0.0, -slope);
    if (b <= lower) return std::max(0.0, slope);
    return std::abs(slope);
  }
};

}  // namespace excise
