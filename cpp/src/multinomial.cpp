#include "excise/loss/multinomial.hpp"

#include <algorithm>
#include <cmath>

#include "excise/base/kernels.hpp"
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

// Some rows at one eta, classes side by side: class k of the i-th row stands at k * count + i.
struct Rows {
  static constexpr std::size_t kMost = 256;

  std::size_t first = 0, count = 0;
  Vec peak, rest;                // the largest eta, and the sum of e^(eta - peak) over the others
  std::vector<std::size_t> top;  // the class of the largest
  Vec e;                         // e^(eta - peak)

  void look(std::span<const double> eta, std::size_t classes, std::size_t n, std::size_t from) {
    first = from;
    count = std::min(kMost, n - from);
    peak.assign(eta.begin() + ix(from), eta.begin() + ix(from + count));
    rest.assign(count, 0.0);
    top.assign(count, 0);
    e.resize(count * classes);
    for (std::size_t k = 1; k < classes; ++k) {
      const double* const here = eta.data() + k * n + from;
      for (std::size_t i = 0; i < count; ++i)
        if (here[i] > peak[i]) {
          peak[i] = here[i];
          top[i] = k;
        }
    }
    for (std::size_t k = 0; k < classes; ++k) {
      const double* const here = eta.data() + k * n + from;
      double* const at = e.data() + k * count;
      for (std::size_t i = 0; i < count; ++i) at[i] = here[i] - peak[i];
      kernels().exponentials(at, ix(count), at);
      for (std::size_t i = 0; i < count; ++i) rest[i] += k == top[i] ? 0.0 : at[i];
    }
  }
};

class Multinomial final : public Loss {
 public:
  explicit Multinomial(Index classes) : classes_(sz(classes)) {}

  double value(std::span<const double> y, std::span<const double> eta,
               std::span<const double> w) const override {
    double total = 0.0;
    by_rows(eta, [&](const Rows& rows) {
      for (std::size_t i = 0; i < rows.count; ++i) {
        const std::size_t row = rows.first + i;
        if (!(w[row] > 0)) continue;
        double off = 0.0, mass = 0.0;  // y' (peak - eta) + sum y log y, and sum y
        for (std::size_t k = row; k < eta.size(); k += eta.size() / classes_) {
          if (!(y[k] > 0)) continue;
          mass += y[k];
          off += y[k] * (rows.peak[i] - eta[k]) + x_log_x(y[k]);
        }
        total += w[row] * std::max(0.0, mass * std::log1p(rows.rest[i]) + off);
      }
    });
    return total;
  }

  std::shared_ptr<const Coupling> expand(std::span<const double> y, std::span<const double> eta,
                                         double* slope, double* bend, double* cap) const override {
    const std::size_t n = eta.size() / classes_;
    Vec probability(eta.size()), inverse, behind;
    by_rows(eta, [&](const Rows& rows) {
      inverse.resize(rows.count);
      for (std::size_t i = 0; i < rows.count; ++i) inverse[i] = 1 / (1 + rows.rest[i]);
      behind.assign(rows.count, 1.0);  // more than that: how far a class that was seen is behind
      for (std::size_t k = 0; k < classes_; ++k)
        for (std::size_t i = 0, at = k * n + rows.first; i < rows.count; ++i, ++at)
          if (y[at] > 0) behind[i] = std::max(behind[i], 1 + rows.peak[i] - eta[at]);
      for (std::size_t k = 0; k < classes_; ++k)
        for (std::size_t i = 0, at = k * n + rows.first; i < rows.count; ++i, ++at) {
          const double e = rows.e[k * rows.count + i], p = e * inverse[i];
          const double others = k == rows.top[i] ? rows.rest[i] : 1 + rows.rest[i] - e;
          const double q = others * inverse[i];
          probability[at] = p;
          slope[at] = (1 - y[at]) * p - y[at] * q;
          bend[at] = p * q;
          cap[at] = std::max(bend[at], std::abs(slope[at]) / behind[i]);
        }
    });
    return std::make_shared<ClassCoupling>(std::move(probability), ix(classes_));
  }

  // KL(q || p) for q = (1 - s) y + s p = p + d, class by class: never negative
  double shrunk_gap(std::span<const double>, std::span<const double> eta,
                    std::span<const double> slope, std::span<const double> w,
                    double s) const override {
    const std::size_t n = eta.size() / classes_;
    double total = 0.0;
    by_rows(eta, [&](const Rows& rows) {
      for (std::size_t i = 0; i < rows.count; ++i) {
        const double weight = w[rows.first + i], whole = std::log1p(rows.rest[i]);
        double cost = 0.0;
        for (std::size_t k = 0; weight > 0 && k < classes_; ++k) {
          const std::size_t at = k * n + rows.first + i;
          const double p = rows.e[k * rows.count + i] / (1 + rows.rest[i]);
          const double d = std::max(-p, -(1 - s) * slope[at]), q = p + d;
          if (d > p)
            cost += q * (std::log(q) - (eta[at] - rows.peak[i] - whole)) - d;
          else if (p > 0)
            cost += p * spread(d / p);
        }
        total += weight * cost;
      }
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
  template <class Body>
  void by_rows(std::span<const double> eta, Body&& body) const {
    const std::size_t n = eta.size() / classes_;
    Rows rows;
    for (std::size_t first = 0; first < n; first += Rows::kMost) {
      rows.look(eta, classes_, n, first);
      body(rows);
    }
  }

  std::size_t classes_;
};

}  // namespace

std::shared_ptr<const Loss> make_multinomial(Index classes) {
  return std::make_shared<Multinomial>(classes);
}

}  // namespace excise
