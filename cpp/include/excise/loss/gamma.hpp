// Gamma loss for y > 0, link log, mu = e^eta:
//   l = y / mu - log(y / mu) - 1,   l* finite for v <= 1
#pragma once

#include "excise/loss/rows.hpp"

namespace excise {

struct GammaRow {
  static constexpr double kLongestStep = 5.0;
  static constexpr bool kBends = true;

  double value(double y, double eta) const {
    const double d = std::log(y) - eta;
    return std::expm1(d) - d;
  }
  Bend at(double y, double eta) const {
    const double ratio = y * std::exp(-eta);
    return {1 - ratio, ratio};
  }
  double fenchel(double y, double eta, double v) const {
    const double d = std::log(y) - eta, rest = std::max(0.0, 1 - v);
    return std::expm1(d) - d * rest + x_log_x(rest) + v;
  }
  double size(double y, double eta) const {
    return (1 + std::exp(std::log(y) - eta)) * (1 + std::abs(eta));
  }
  double link(double mean) const { return std::log(std::max(mean, 1e-300)); }
};

}  // namespace excise
