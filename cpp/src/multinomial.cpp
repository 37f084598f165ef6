#include "excise/loss/multinomial.hpp"

#include <algorithm>
#include <cmath>

#include "excise/loss/rows.hpp"

namespace excise {
namespace {

// (1 + x) log(1 + x) - x, for x >= -1
double spread(double x) { return x > -1 ? (1 + x) * std::log1p(x) - x : 1.0; }

// What is off the diagonal of diag(p) - p p', row by row
class ClassCoupling final : public Coupling {
 public:
  ClassCoupling(Vec p, Index classes) : p_(std::move(p)), n_(p_.size() / sz(classes)) {}

  void subtract(const double* v, double* out) const override {
    for (std::size_t i = 0; i < n_; ++i) {
      double all = 0.0;
      for (std::size_t k = i; k < p_.size(); k += n_) all += p_[k] * v[k];
      for (std::size_t k = i; k < p_.size(); k += n_) out[k] -= p_[k] * (all - p_[k] * v[k]);
    }
  }
  std::span<const double> products() const override { return p_; }

 private:
  Vec p_;
  std::size_t n_;
};

class Multinomial final : public Loss {
 public:
  explicit Multinomial(Index classes) : classes_(sz(classes)) {}

  double value(std::span<const double> y, std::span<const double> eta,
               std::span<const double> w) const override {
    double total = 0.0;
    by_row(eta, [&](const Row& row) {
      if (!(w[row.first] > 0)) return;
      double off = 0.0, mass = 0.0;  // y' (peak - eta) + sum y log y, and sum y
      for (std::size_t k = row.first; k < eta.size(); k += row.n) {
        if (!(y[k] > 0)) continue;
        mass += y[k];
        off += y[k] * (row.peak - eta[k]) + x_log_x(y[k]);
      }
      total += w[row.first] * std::max(0.0, mass * std::log1p(row.rest) + off);
    });
    return total;
  }

  std::shared_ptr<const Coupling> expand(std::span<const double> y, std::span<const double> eta,
                                         double* slope, double* bend, double* cap) const override {
    Vec probability(eta.size());
    by_row(eta, [&](const Row& row) {
      const double inverse = 1 / (1 + row.rest);
      for (std::size_t k = row.first; k < eta.size(); k += row.n) {
        const double e = std::exp(eta[k] - row.peak), p = e * inverse;
        const double q = (k == row.at ? row.rest : 1 + row.rest - e) * inverse;
        probability[k] = p;
        slope[k] = (1 - y[k]) * p - y[k] * q;
        bend[k] = cap[k] = p * q;
      }
    });
    return std::make_shared<ClassCoupling>(std::move(probability), ix(classes_));
  }

  // KL(q || p) for q = (1 - s) y + s p = p + d, class by class: never negative
  double shrunk_gap(std::span<const double>, std::span<const double> eta,
                    std::span<const double> slope, std::span<const double> w,
                    double s) const override {
    double total = 0.0;
    by_row(eta, [&](const Row& row) {
      if (!(w[row.first] > 0)) return;
      const double whole = std::log1p(row.rest);
      double cost = 0.0;
      for (std::size_t k = row.first; k < eta.size(); k += row.n) {
        const double log_p = eta[k] - row.peak - whole, p = std::exp(log_p);
        const double d = std::max(-p, -(1 - s) * slope[k]), q = p + d;
        if (d > p)
          cost += q * (std::log(q) - log_p) - d;
        else if (p > 0)
          cost += p * spread(d / p);
      }
      total += w[row.first] * cost;
    });
    return total;
  }

  double square_size(std::span<const double>, std::span<const double>,
                     std::span<const double> w) const override {
    double total = 0.0;
    for (std::size_t i = 0; i < w.size() / classes_; ++i) total += w[i];
    return total;
  }
  double link(double) const override { return 0.0; }
  double longest_step() const override { return 1e3; }
  bool bends() const override { return true; }

 private:
  // The row whose classes stand at first, first + n, ...: the largest eta, where it is, and the
  // sum of e^(eta - peak) over the others
  struct Row {
    std::size_t first, n, at;
    double peak, rest;
  };
  template <class Body>
  void by_row(std::span<const double> eta, Body&& body) const {
    const std::size_t n = eta.size() / classes_;
    for (std::size_t i = 0; i < n; ++i) {
      Row row{i, n, i, eta[i], 0.0};
      for (std::size_t k = i + n; k < eta.size(); k += n)
        if (eta[k] > row.peak) row.peak = eta[row.at = k];
      for (std::size_t k = i; k < eta.size(); k += n)
        if (k != row.at) row.rest += std::exp(eta[k] - row.peak);
      body(row);
    }
  }

  std::size_t classes_;
};

}  // namespace

std::shared_ptr<const Loss> make_multinomial(Index classes) {
  return std::make_shared<Multinomial>(classes);
}

}  // namespace excise
