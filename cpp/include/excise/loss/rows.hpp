// A Loss made of one row: the only loops over rows.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "excise/loss/loss.hpp"

namespace excise {

// What a row says at one eta.
struct Bend {
  double slope, bend, cap;
  Bend(double s, double b) : Bend(s, b, b) {}
  Bend(double s, double b, double c) : slope(s), bend(b), cap(c) {}
};

// `Row` has value(y, eta), at(y, eta), fenchel(y, eta, v), size(y, eta), link(mean), kLongestStep
// and kBends.
template <class Row>
class RowLoss final : public Loss {
 public:
  explicit RowLoss(Row row) : row_(row) {}

  double value(std::span<const double> y, std::span<const double> eta,
               std::span<const double> w) const override {
    double total = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i)
      if (w[i] > 0) total += w[i] * row_.value(y[i], eta[i]);
    return total;
  }

  std::shared_ptr<const Coupling> expand(std::span<const double> y, std::span<const double> eta,
                                         double* slope, double* bend, double* cap) const override {
    for (std::size_t i = 0; i < y.size(); ++i) {
      const Bend at = row_.at(y[i], eta[i]);
      slope[i] = at.slope;
      bend[i] = at.bend;
      cap[i] = at.cap;
    }
    return nullptr;
  }

  double shrunk_gap(std::span<const double> y, std::span<const double> eta,
                    std::span<const double> slope, std::span<const double> w,
                    double s) const override {
    double total = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i)
      if (w[i] > 0) total += w[i] * std::max(0.0, row_.fenchel(y[i], eta[i], s * slope[i]));
    return total;
  }

  double square_size(std::span<const double> y, std::span<const double> eta,
                     std::span<const double> w) const override {
    double total = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double size = row_.size(y[i], eta[i]);
      if (w[i] > 0) total += w[i] * size * size;
    }
    return total;
  }

  double link(double mean) const override { return row_.link(mean); }
  double longest_step() const override { return Row::kLongestStep; }
  bool bends() const override { return Row::kBends; }
  bool by_rows() const override { return true; }

 private:
  Row row_;
};

// x log x, 0 at 0 and at 1
inline double x_log_x(double x) { return x > 0 && x != 1 ? x * std::log(x) : 0.0; }

// a log(1 + e^-x) + b log(1 + e^x) for any x
inline double softplus(double a, double b, double x) {
  return (a + b) * std::log1p(std::exp(-std::abs(x))) + (x > 0 ? b : a) * std::abs(x);
}

// 1 / (1 + e^-x) and 1 / (1 + e^x), both with all their digits
inline std::pair<double, double> sigmoids(double x) {
  const double e = std::exp(-std::abs(x)), large = 1 / (1 + e), small = e * large;
  return x >= 0 ? std::pair{large, small} : std::pair{small, large};
}

}  // namespace excise
