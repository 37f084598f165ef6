// Logistic loss for y in [0, 1], link logit:
//   l = log(1 + e^eta) - y eta + y log y + (1 - y) log(1 - y),   l* finite for -y <= v <= 1 - y
#pragma once

#include "excise/loss/rows.hpp"

namespace excise {

struct LogisticRow {
  static constexpr double kLongestStep = 1e3;
  static constexpr bool kBends = true;

  double value(double y, double eta) const {
    return softplus(y, 1 - y, eta) + x_log_x(y) + x_log_x(1 - y);
  }
  Bend at(double y, double eta) const {
    const auto [p, q] = sigmoids(eta);
    return {(1 - y) * p - y * q, p * q};
  }
  double fenchel(double y, double eta, double v) const {
    const double q = std::clamp(y + v, 0.0, 1.0), rest = std::clamp((1 - y) - v, 0.0, 1.0);
    return softplus(q, rest, eta) + x_log_x(q) + x_log_x(rest);
  }
  double size(double, double) const { return 1.0; }
  double link(double mean) const {
    constexpr double kLeast = 1e-15;
    const double m = std::clamp(mean, kLeast, 1 - kLeast);
    return std::log(m / (1 - m));
  }
};

}  // namespace excise
