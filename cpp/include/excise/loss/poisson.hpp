// Poisson loss for y >= 0, link log, mu = e^eta:
//   l = mu - y eta + y log y - y,   l* finite for v >= -y
#pragma once

#include "excise/loss/rows.hpp"

namespace excise {

struct PoissonRow {
  static constexpr double kLongestStep = 5.0;
  static constexpr bool kBends = true;

  double value(double y, double eta) const { return of(y, eta); }
  Bend at(double y, double eta) const {
    const double mu = std::exp(eta);
    return {mu - y, mu};
  }
  double fenchel(double y, double eta, double v) const { return of(std::max(0.0, y + v), eta); }
  double size(double y, double eta) const { return (y + std::exp(eta)) * (1 + std::abs(eta)); }
  double link(double mean) const { return std::log(std::max(mean, 1e-300)); }

 private:
  // e^eta - q eta + q log q - q
  static double of(double q, double eta) {
    if (!(q > 0)) return std::exp(eta);
    const double d = eta - std::log(q);
    return q * (std::expm1(d) - d);
  }
};

}  // namespace excise
