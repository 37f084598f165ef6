// Poisson loss for y >= 0, link log, mu = e^eta:
//   l = mu - y eta + y log y - y,   l* finite for v >= -y
#pragma once

#include "excise/loss/rows.hpp"

namespace excise {

struct PoissonRow {
  static constexpr double kLongestStep = 5.0;
  static constexpr bool kBends = true;

  double exponent(double eta) const { return eta; }
  Bend at(double y, double, double mu) const { return {mu - y, mu}; }
  double dual(double y, double v) const { return std::max(0.0, y + v); }
  // q (e^d - 1 - d) for d = eta - log q, so that what is near 0 is not a difference of counts
  void divergences(const double* q, const double* eta, std::size_t n, double* out) const {
    Block d;
    kernels().logarithms(q, ix(n), d);
    for (std::size_t i = 0; i < n; ++i) d[i] = eta[i] - (q[i] > 0 ? d[i] : 0.0);
    kernels().exponentials(d, ix(n), out);
    for (std::size_t i = 0; i < n; ++i) out[i] = q[i] > 0 ? q[i] * (out[i] - 1 - d[i]) : out[i];
  }
  double size(double y, double eta) const { return (y + std::exp(eta)) * (1 + std::abs(eta)); }
  double link(double mean) const { return std::log(std::max(mean, 1e-300)); }
};

}  // namespace excise
