// Quantile (pinball) loss, r = y - eta:  l = max(q r, (q - 1) r) = max over q - 1 <= u <= q of u r;
//   l* = v y for -q <= v <= 1 - q
//
// It has a kink and no bend, so Newton's method sees the maximum over u of  u r - gamma (u - a)^2 /
// 2 in its place: the proximal point method on the dual (Rockafellar, SIAM J. Control Optim. 14,
// 1976). Where that has converged the anchor a moves to the maximiser u and it is solved again; u
// is feasible for l itself at every moment, and for a linear programme few moves end it exactly.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "excise/loss/loss.hpp"

namespace excise {

class QuantileLoss final : public Loss {
 public:
  explicit QuantileLoss(double q) : q_(q) {}

  std::unique_ptr<Loss> begin(std::span<const double> y, std::span<const double> w) const override {
    constexpr double kWidth = 0.02;  // of the mean distance from the mean
    double mean = 0.0, spread = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) mean += w[i] * y[i];
    for (std::size_t i = 0; i < y.size(); ++i) spread += w[i] * std::abs(y[i] - mean);
    auto own = std::make_unique<QuantileLoss>(q_);
    own->spread_ = spread > 0 ? spread : 1.0;
    own->gamma_ = kWidth * own->spread_;
    own->anchor_.assign(y.size(), q_ - 0.5);
    return own;
  }

  double value(std::span<const double> y, std::span<const double> eta,
               std::span<const double> w) const override {
    double total = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i)
      if (w[i] > 0) total += w[i] * pinball(y[i] - eta[i]);
    return total;
  }
  double smooth_value(std::span<const double> y, std::span<const double> eta,
                      std::span<const double> w) const override {
    double total = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double r = y[i] - eta[i], u = dual(i, r), off = u - anchor_[i];
      if (w[i] > 0) total += w[i] * (u * r - 0.5 * gamma_ * off * off);
    }
    return total;
  }
  std::shared_ptr<const Coupling> expand(std::span<const double> y, std::span<const double> eta,
                                         double* slope, double* bend, double* cap) const override {
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double r = y[i] - eta[i], u = dual(i, r);
      slope[i] = -u;
      bend[i] = u > q_ - 1 && u < q_ ? 1 / gamma_ : 0.0;
      cap[i] = 1 / std::max(gamma_, std::abs(r));
    }
    return nullptr;
  }
  double shrunk_gap(std::span<const double> y, std::span<const double> eta,
                    std::span<const double> slope, std::span<const double> w,
                    double s) const override {
    double total = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double r = y[i] - eta[i];
      if (w[i] > 0) total += w[i] * std::max(0.0, pinball(r) + s * slope[i] * r);
    }
    return total;
  }
  bool tighten(std::span<const double> y, std::span<const double> eta,
               std::span<const double> slope, std::span<const double> w, double wanted) override {
    constexpr double kSlow = 0.2, kNarrower = 0.3, kNarrowest = 1e-3;
    const double off = shrunk_gap(y, eta, slope, w, 1.0);
    if (off <= wanted) {
      last_ = kInfinite;
      return false;
    }
    if (off > kSlow * last_) gamma_ = std::max(kNarrower * gamma_, kNarrowest * spread_);
    last_ = off;
    for (std::size_t i = 0; i < y.size(); ++i) anchor_[i] = -slope[i];
    return true;
  }
  double square_size(std::span<const double> y, std::span<const double> eta,
                     std::span<const double> w) const override {
    double total = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double size = 1 + (std::abs(y[i]) + std::abs(eta[i])) / gamma_;
      if (w[i] > 0) total += w[i] * size * size;
    }
    return total;
  }
  double link(double mean) const override { return mean; }
  double longest_step() const override { return 100 * spread_; }
  bool bends() const override { return false; }
  bool exact() const override { return false; }

 private:
  double pinball(double r) const { return std::max(q_ * r, (q_ - 1) * r); }
  double dual(std::size_t i, double r) const {
    return std::clamp(anchor_[i] + r / gamma_, q_ - 1, q_);
  }

  static constexpr double kInfinite = std::numeric_limits<double>::infinity();

  double q_, gamma_ = 1.0, spread_ = 1.0;
  double last_ = kInfinite;  // by how much the last minimum was off
  Vec anchor_;
};

}  // namespace excise
