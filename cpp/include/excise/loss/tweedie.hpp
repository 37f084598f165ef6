// Tweedie loss of power 1 < p < 2 for y >= 0, link log. With a = p - 1 and b = 2 - p, a + b = 1:
//   l = y e^(-a eta) / a + e^(b eta) / b - y^b / (a b)
// l* has no closed form: the eta at which l' = v is found on the row.
#pragma once

#include "excise/loss/rows.hpp"

namespace excise {

struct TweedieRow {
  static constexpr double kLongestStep = 5.0;
  static constexpr bool kBends = true;
  double a, b;

  explicit TweedieRow(double power) : a(power - 1), b(2 - power) {}

  double value(double y, double eta) const {
    if (!(y > 0)) return std::exp(b * eta) / b;
    const double d = eta - std::log(y);
    return std::pow(y, b) * (std::expm1(-a * d) / a + std::expm1(b * d) / b);
  }
  Bend at(double y, double eta) const {
    const double up = std::exp(b * eta), down = y > 0 ? y * std::exp(-a * eta) : 0.0;
    return {up - down, a * down + b * up};
  }
  // l(eta) - l(x) - v (eta - x) at the x with l'(x) = v
  double fenchel(double y, double eta, double v) const {
    if (!(y > 0)) {
      const double up = std::exp(b * eta);
      return v > 0 ? (up - v) / b - v * (eta - std::log(v) / b) : up / b;
    }
    const double x = argument(y, eta, v);
    return value(y, eta) - value(y, x) - v * (eta - x);
  }
  double size(double y, double eta) const {
    return (std::exp(b * eta) + (y > 0 ? y * std::exp(-a * eta) : 0.0)) * (1 + std::abs(eta));
  }
  double link(double mean) const { return std::log(std::max(mean, 1e-300)); }

 private:
  // Between eta and log y, where l' = 0: Newton steps that a bracket keeps in
  double argument(double y, double eta, double v) const {
    double low = std::min(eta, std::log(y)), high = std::max(eta, std::log(y)), x = eta;
    for (int step = 0; step < 100; ++step) {
      const Bend here = at(y, x);
      (here.slope > v ? high : low) = x;
      double next = x - (here.slope - v) / here.bend;
      if (!(next > low && next < high)) next = 0.5 * (low + high);
      if (std::abs(next - x) <= 1e-15 * (1 + std::abs(x))) break;
      x = next;
    }
    return x;
  }
};

}  // namespace excise
