// Huber loss, r = eta - y:  r^2 / 2 for |r| <= delta, else delta |r| - delta^2 / 2;
//   l* = v y + v^2 / 2 for |v| <= delta
#pragma once

#include "excise/loss/rows.hpp"

namespace excise {

struct HuberRow {
  static constexpr double kLongestStep = 1e300;
  static constexpr bool kBends = false;
  double delta;

  double value(double y, double eta) const {
    const double r = std::abs(eta - y);
    return r <= delta ? 0.5 * r * r : delta * (r - 0.5 * delta);
  }
  Bend at(double y, double eta) const {
    const double r = eta - y;
    const double out = std::abs(r) / delta;
    return {std::clamp(r, -delta, delta), out <= 1 ? 1.0 : 0.0, out <= 1 ? 1.0 : 1.0 / out};
  }
  double fenchel(double y, double eta, double v) const {
    return value(y, eta) + v * (0.5 * v - (eta - y));
  }
  double size(double y, double eta) const { return std::abs(y) + std::abs(eta); }
  double link(double mean) const { return mean; }
};

}  // namespace excise
