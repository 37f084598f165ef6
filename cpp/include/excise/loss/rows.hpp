// A Loss made of one row: the only loops over rows.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "excise/base/kernels.hpp"
#include "excise/loss/loss.hpp"

namespace excise {

// What a row says at one eta.
struct Bend {
  double slope, bend, cap;
  Bend(double s, double b) : Bend(s, b, b) {}
  Bend(double s, double b, double c) : slope(s), bend(b), cap(c) {}
};

inline constexpr std::size_t kBlock = 256;  // rows whose functions are evaluated together
using Block = double[kBlock];

// A row whose exponentials and logarithms are taken a block at a time: e = exp(exponent(eta)) is
// handed to at(y, eta, e); divergences() are l with q in the place of y, where q = dual(y, v) is
// the mean at which the slope of the saturated model is v.
template <class Row>
concept Blockwise = requires(const Row& row, const double* q, double* out) {
  row.exponent(0.0);
  row.at(0.0, 0.0, 1.0);
  row.dual(0.0, 0.0);
  row.divergences(q, q, kBlock, out);
};

// Calls f(first, count) block by block.
template <class F>
void by_blocks(std::size_t n, const F& f) {
  for (std::size_t first = 0; first < n; first += kBlock) f(first, std::min(kBlock, n - first));
}

// `Row` is `Blockwise`, or has value(y, eta), at(y, eta) and fenchel(y, eta, v); and it has
// size(y, eta), link(mean), kLongestStep and kBends.
template <class Row>
class RowLoss final : public Loss {
 public:
  explicit RowLoss(Row row) : row_(row) {}

  double value(std::span<const double> y, std::span<const double> eta,
               std::span<const double> w) const override {
    if constexpr (Blockwise<Row>) {
      return divergence(eta, w, [&](std::size_t i) { return y[i]; });
    } else {
      double total = 0.0;
      for (std::size_t i = 0; i < y.size(); ++i)
        if (w[i] > 0) total += w[i] * row_.value(y[i], eta[i]);
      return total;
    }
  }

  std::shared_ptr<const Coupling> expand(std::span<const double> y, std::span<const double> eta,
                                         double* slope, double* bend, double* cap) const override {
    const auto set = [&](std::size_t i, const Bend& at) {
      slope[i] = at.slope;
      bend[i] = at.bend;
      cap[i] = at.cap;
    };
    if constexpr (Blockwise<Row>) {
      by_blocks(y.size(), [&](std::size_t first, std::size_t count) {
        Block e;
        for (std::size_t i = 0; i < count; ++i) e[i] = row_.exponent(eta[first + i]);
        kernels().exponentials(e, ix(count), e);
        for (std::size_t i = first; i < first + count; ++i)
          set(i, row_.at(y[i], eta[i], e[i - first]));
      });
    } else {
      for (std::size_t i = 0; i < y.size(); ++i) set(i, row_.at(y[i], eta[i]));
    }
    return nullptr;
  }

  double shrunk_gap(std::span<const double> y, std::span<const double> eta,
                    std::span<const double> slope, std::span<const double> w,
                    double s) const override {
    if constexpr (Blockwise<Row>) {
      return divergence(eta, w, [&](std::size_t i) { return row_.dual(y[i], s * slope[i]); });
    } else {
      double total = 0.0;
      for (std::size_t i = 0; i < y.size(); ++i)
        if (w[i] > 0) total += w[i] * std::max(0.0, row_.fenchel(y[i], eta[i], s * slope[i]));
      return total;
    }
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
  // sum_i w_i l(q_i, eta_i)
  template <class Q>
  double divergence(std::span<const double> eta, std::span<const double> w, const Q& q) const {
    double total = 0.0;
    by_blocks(eta.size(), [&](std::size_t first, std::size_t count) {
      Block at{}, out;
      for (std::size_t i = 0; i < count; ++i) at[i] = q(first + i);
      row_.divergences(at, eta.data() + first, count, out);
      for (std::size_t i = 0; i < count; ++i)
        if (w[first + i] > 0) total += w[first + i] * std::max(0.0, out[i]);
    });
    return total;
  }

  Row row_;
};

// x log x, 0 at 0 and at 1
inline double x_log_x(double x) { return x > 0 && x != 1 ? x * std::log(x) : 0.0; }

// a log(1 + e^-x) + b log(1 + e^x) for any x, given log(1 + e^-|x|)
inline double softplus(double a, double b, double x, double least) {
  return (a + b) * least + (x > 0 ? b : a) * std::abs(x);
}
inline double softplus(double a, double b, double x) {
  return softplus(a, b, x, std::log1p(std::exp(-std::abs(x))));
}

// 1 / (1 + e^-x) and 1 / (1 + e^x), both with all their digits, given e^-|x|
inline std::pair<double, double> sigmoids(double x, double e) {
  const double large = 1 / (1 + e), small = e * large;
  return x >= 0 ? std::pair{large, small} : std::pair{small, large};
}
inline std::pair<double, double> sigmoids(double x) { return sigmoids(x, std::exp(-std::abs(x))); }

}  // namespace excise
