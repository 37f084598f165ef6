// Negative binomial loss with theta known, for y >= 0, link log, mu = e^eta. With m = y + theta and
// t = eta - log theta it is m times a logistic loss for the share y / m:
//   l = m log(1 + e^t) - y t + y log(y / m) + theta log(theta / m),   l* finite for -y <= v <=
//   theta
#pragma once

#include "excise/loss/rows.hpp"

namespace excise {

struct NegativeBinomialRow {
  static constexpr double kLongestStep = 20.0;
  static constexpr bool kBends = true;
  double theta, log_theta;

  explicit NegativeBinomialRow(double t) : theta(t), log_theta(std::log(t)) {}

  double value(double y, double eta) const { return of(y, y, eta); }
  Bend at(double y, double eta) const {
    const auto [p, q] = sigmoids(eta - log_theta);
    return {theta * p - y * q, (y + theta) * p * q};
  }
  double fenchel(double y, double eta, double v) const {
    return of(y, std::clamp(y + v, 0.0, y + theta), eta);
  }
  double size(double y, double eta) const { return (y + theta) * (1 + std::abs(eta)); }
  double link(double mean) const { return std::log(std::max(mean, 1e-300)); }

 private:
  // m log(1 + e^t) - q t + q log(q / m) + (m - q) log((m - q) / m)
  double of(double y, double q, double eta) const {
    const double m = y + theta, t = eta - log_theta, rest = m - q;
    const auto part = [m](double x) { return x > 0 ? x * std::log(x / m) : 0.0; };
    return softplus(q, rest, t) + part(q) + part(rest);
  }
};

}  // namespace excise
