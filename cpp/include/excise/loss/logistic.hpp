// Logistic loss for y in [0, 1], link logit:
//   l = log(1 + e^eta) - y eta + y log y + (1 - y) log(1 - y),   l* finite for -y <= v <= 1 - y
#pragma once

#include "excise/loss/rows.hpp"

namespace excise {

struct LogisticRow {
  static constexpr double kLongestStep = 1e3;
  static constexpr bool kBends = true;

  double exponent(double eta) const { return -std::abs(eta); }
  Bend at(double y, double eta, double e) const {
    const auto [p, q] = sigmoids(eta, e);
    return {(1 - y) * p - y * q, p * q};
  }
  double dual(double y, double v) const { return std::clamp(y + v, 0.0, 1.0); }
  void divergences(const double* q, const double* eta, std::size_t n, double* out) const {
    Block e, one_and, rest, log_q;
    for (std::size_t i = 0; i < n; ++i) {
      e[i] = exponent(eta[i]);
      rest[i] = 1 - q[i];
    }
    kernels().exponentials(e, ix(n), e);
    for (std::size_t i = 0; i < n; ++i) one_and[i] = 1 + e[i];
    kernels().logarithms(one_and, ix(n), out);
    kernels().logarithms(q, ix(n), log_q);
    for (std::size_t i = 0; i < n; ++i)  // log(1 + e), with what was lost in 1 + e
      out[i] = softplus(q[i], rest[i], eta[i], out[i] + (e[i] - (one_and[i] - 1)) / one_and[i]) +
               q[i] * log_q[i];
    kernels().logarithms(rest, ix(n), log_q);
    for (std::size_t i = 0; i < n; ++i) out[i] += rest[i] * log_q[i];
  }
  double size(double, double) const { return 1.0; }
  double link(double mean) const {
    constexpr double kLeast = 1e-15;
    const double m = std::clamp(mean, kLeast, 1 - kLeast);
    return std::log(m / (1 - m));
  }
};

}  // namespace excise
