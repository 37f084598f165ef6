// Squared hinge for y in {0, 1}, s = 2 y - 1:  l = max(0, 1 - s eta)^2;
//   l* = s v + v^2 / 4 for s v <= 0
#pragma once

#include "excise/loss/rows.hpp"

namespace excise {

struct SquaredHingeRow {
  static constexpr double kLongestStep = 1e300;
  static constexpr bool kBends = false;

  double value(double y, double eta) const {
    const double short_of = std::max(0.0, 1 - (2 * y - 1) * eta);
    return short_of * short_of;
  }
  Bend at(double y, double eta) const {
    const double s = 2 * y - 1, short_of = 1 - s * eta;
    return {short_of > 0 ? -2 * s * short_of : 0.0, short_of > 0 ? 2.0 : 0.0, 2.0};
  }
  double fenchel(double y, double eta, double v) const {
    return value(y, eta) + v * ((2 * y - 1) + 0.25 * v - eta);
  }
  double size(double, double eta) const { return 2 * (1 + std::abs(eta)); }
  double link(double mean) const { return 2 * mean - 1; }
};

}  // namespace excise
