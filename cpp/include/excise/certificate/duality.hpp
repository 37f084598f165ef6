// The duality gap of the squared loss with a separable penalty, on the standard scale:
//   P(b) = |y - Z b|^2 / 2 + sum_j Omega_j(b_j)
// For r = y - Z b, c = Z'r and the dual point s r, s <= 1,
//   P(b) - D(s r) = |r|^2 (1 - s)^2 / 2 + sum_j [Omega_j(b_j) + Omega_j*(s c_j) - b_j s c_j],
// a sum of terms that are not negative: it bounds the suboptimality of any b and cancels nowhere.
// Any other convex loss L with r = -L'(eta) has L(eta) + L*(-s r) + s r'eta in place of the first.
// (Fenchel duality; Ndiaye, Fercoq, Gramfort, Salmon, JMLR 18, 2017.) A ridge counts as rows
// added to Z, which bounds Omega_j*(s c_j) by s^2 l2 b_j^2 / 2 as soon as s |c_j - l2 b_j| <= l1,
// however small l2 is; the term is then  l2 b_j^2 (1 - s)^2 / 2 + l1 |b_j| - s b_j (c_j - l2 b_j).
// Of a concave penalty the gap is that of the convex problem that touches it at b from above, which
// b solves if and only if it is stationary; nothing is told about other points.
#pragma once

#include <limits>
#include <span>
#include <utility>

#include "excise/base/kernels.hpp"
#include "excise/certificate/group_duality.hpp"

namespace excise {

// Certificates of points of one path. Work per point: one pass over c, and the support.
class Certifier {
 public:
  // `noise`: the rounding error of a correlation. A tax of that size binds nothing sharper, and
  // an unpenalised feature that earns clearly more than that is not fitted: no dual point is known.
  Certifier(const Penalty& penalty, double noise)
      : penalty_(penalty),
        noise_(noise),
        up_(penalty.l1.size()),
        down_(penalty.l1.size()),
        scores_(penalty.l1.size()),
        found_(penalty.l1.size()) {
    if (penalty.grouped()) groups_.emplace(penalty, noise);
    for (Index j = 0; j < penalty.size(); ++j) {
      const ElasticNet e = penalty.at(j, 1.0);
      if (e.excluded()) continue;
      if (e.smooth()) {
        smooth_.push_back(j);
        continue;
      }
      const double pays =
          penalty.concave.proportional() ? penalty.curve(j, 1.0).zero_threshold() : e.l1;
      up_[sz(j)] = e.upper > 0 ? 1.0 / pays : 0.0;
      down_[sz(j)] = e.lower < 0 ? 1.0 / pays : 0.0;
    }
  }

  // The largest alpha at which a feature at zero would enter, given c = Z'r: of all features,
  // zero_threshold(c_j) / l1_j
  double alpha_max(const double* c) {
    if (groups_) return groups_->alpha_max(c);
    if (curved()) {
      for (std::size_t j = 0; j < scores_.size(); ++j) scores_[j] = entry(ix(j), std::abs(c[j]));
      return scores_.empty() ? 0.0 : *std::max_element(scores_.begin(), scores_.end());
    }
    return kernels().scores(c, up_.data(), down_.data(), penalty_.size(), scores_.data());
  }

  // The features that may enter at `threshold` or above, rising, given that Z'r is c + t (d - c)
  // but for an unknown error of at most `slack` in every correlation. Good until the next call.
  std::span<const Index> may_enter(const double* c, const double* d, double t, double slack,
                                   double threshold) {
    if (groups_) return groups_->may_enter(c, d, t, slack, threshold);
    if (curved()) {
      Index count = 0;
      for (Index j = 0; j < penalty_.size(); ++j)
        if (leaves(j, threshold, std::abs(c[j] + t * (d[j] - c[j])) + slack))
          found_[sz(count++)] = j;
      return {found_.data(), sz(count)};
    }
    const Index count = kernels().bounds(c, d, t, slack, up_.data(), down_.data(), penalty_.size(),
                                         threshold, found_.data());
    return {found_.data(), sz(count)};
  }

  // Features at zero, `at_rest(j)`, that earn more than their tax by more than `noise`.
  template <class AtRest>
  void missed(double alpha, const double* c, double noise, AtRest&& at_rest, Indices& out) {
    if (groups_) return groups_->missed(alpha, c, noise, at_rest, out);
    for (const Index j : earning(alpha, c))
      if (at_rest(j) && penalty_.violation(j, alpha, 0.0, c[j]) > noise) out.push_back(j);
  }

  // `c` holds Z'r for every feature and is left as it was; `b` the coefficients of the support.
  // Of the features at zero only the `others` are looked at: all that may earn more than their tax.
  // Unpenalised features have c_j = 0 in exact arithmetic at any point the engine returns; what
  // rounding leaves is charged at |c_j b_j|. Intercepts, which count from those of the null model,
  // need not be fitted to the last digit: what is left is charged at |c_j| (1 + |b_j|).
  // over(j, violation) is told of each feature at zero that earns more than its tax.
  template <class Over>
  Optimality certify(double alpha, const Indices& support, const Vec& b, double* c,
                     const DataTerm& data, std::span<const Index> others, Over&& over) {
    if (groups_) return groups_->certify(alpha, support, b, c, data, others, over);
    return certify_with(alpha, support, b, c, data, [&] { return others; }, over);
  }

  // The same where every feature is looked at.
  template <class Over>
  Optimality certify(double alpha, const Indices& support, const Vec& b, double* c,
                     const DataTerm& data, Over&& over) {
    if (groups_) return groups_->certify(alpha, support, b, c, data, std::nullopt, over);
    return certify_with(alpha, support, b, c, data, [&] { return earning(alpha, c); }, over);
  }
  Optimality certify(double alpha, const Indices& support, const Vec& b, double* c,
                     const DataTerm& data) {
    return certify(alpha, support, b, c, data, [](Index, double) {});
  }

 private:
  static constexpr double kUnfitted = 100;
  static constexpr double kFlat = 1e-6;  // share of the tax at zero

  // Whether what a zero may earn is not in proportion to the tax: no kernel knows it.
  bool curved() const { return penalty_.concave && !penalty_.concave.proportional(); }
  // Whether a zero that earns so much may leave at this alpha
  bool leaves(Index j, double alpha, double size) const {
    if (penalty_.l1[sz(j)] == 0) return false;  // it never was one
    const ConcaveNet pays = penalty_.curve(j, alpha);
    return !pays.excluded() && !pays.surely_zero(size) && size >= pays.zero_threshold();
  }
  // The alpha up to which a zero that earns so much enters
  double entry(Index j, double size) const {
    const double share = penalty_.l1[sz(j)];
    if (share == 0 || share == kInfinity) return 0.0;
    return penalty_.curve(j, 1.0).entry(size) / share;
  }

  // The features with a score of at least alpha, if one has more
  std::span<const Index> earning(double alpha, const double* c) {
    if (curved()) return may_enter(c, c, 0.0, 0.0, alpha);
    if (!(alpha_max(c) > alpha)) return {};
    const Index count = kernels().above(scores_.data(), penalty_.size(), alpha, found_.data());
    return {found_.data(), sz(count)};
  }

  // others() is asked when the correlations of the support are zero.
  template <class Others, class Over>
  Optimality certify_with(double alpha, const Indices& support, const Vec& b, double* c,
                          const DataTerm& data, Others&& others, Over&& over) {
    Optimality o;
    double s = 1.0, size = 0.0;
    for (const double value : b) size += std::abs(value);
    const double unfitted = kUnfitted * (noise_ + std::numeric_limits<double>::epsilon() * size);
    kept_.resize(support.size());
    for (std::size_t k = 0; k < support.size(); ++k) {
      const Index j = support[k];
      const ElasticNet e = penalty_.tangent(j, alpha, b[k]);
      o.penalty += penalty_.value(j, alpha, b[k]);
      note(o, j, alpha, b[k], c[j]);
      const double z = c[j] - e.l2 * b[k];
      if (e.l1 > 0 && !held(e, b[k], c[j]) && !almost_flat(e, j, alpha)) {
        if (std::abs(z) * s > binding(e)) s = binding(e) / std::abs(z);
      }
      const bool free = e.l1 == 0 && e.l2 == 0 && !penalty_.is_intercept(j);
      if (free && !held(e, b[k], c[j]) && std::abs(c[j]) > unfitted) s = 0.0;
      kept_[k] = std::exchange(c[j], 0.0);
    }
    for (const Index j : others()) {
      if (!curved() && !(std::max(up_[sz(j)] * c[j], -down_[sz(j)] * c[j]) > alpha)) continue;
      note(o, j, alpha, 0.0, c[j]);
      over(j, penalty_.violation(j, alpha, 0.0, c[j]));
      s = std::min(s, binding(penalty_.tangent(j, alpha, 0.0)) / std::abs(c[j]));
    }
    for (const Index j : smooth_) {
      const ElasticNet e = penalty_.at(j, alpha);
      if (e.l2 == 0 && !penalty_.is_intercept(j) && e.zero_threshold(c[j]) > unfitted) s = 0.0;
    }
    o.gap = data.gap(s);
    for (const Index j : smooth_) {  // those at zero: the others have c_j = 0 here
      const ElasticNet e = penalty_.at(j, alpha);
      note(o, j, alpha, 0.0, c[j]);
      if (e.l2 > 0) o.gap += e.fenchel_young(0.0, s * c[j]);
      if (penalty_.is_intercept(j)) o.gap += std::abs(s * c[j]);
    }
    for (std::size_t k = 0; k < support.size(); ++k) {
      c[support[k]] = kept_[k];
      o.gap += term(penalty_.tangent(support[k], alpha, b[k]), b[k], kept_[k], s);
      if (penalty_.is_intercept(support[k])) o.gap += std::abs(s * kept_[k]);
    }
    o.primal = data.value + o.penalty;
    if (!(o.gap < o.primal)) o.gap = o.primal;  // no objective is below zero
    return o;
  }

  // The most that |c - l2 b| may be: the tax, unless rounding hides it
  double binding(const ElasticNet& e) const { return e.l1 > noise_ ? e.l1 : e.l1 + noise_; }

  // A coefficient that rests at a bound is held by it: any correlation beyond is feasible there.
  static bool held(const ElasticNet& e, double b, double c) {
    return c - e.l2 * b > 0 ? b >= e.upper : b <= e.lower;
  }

  // A slope of the concave penalty that only rounding tells from none binds nothing.
  bool almost_flat(const ElasticNet& e, Index j, double alpha) const {
    return penalty_.concave && e.l1 < kFlat * penalty_.at(j, alpha).l1;
  }

  void note(Optimality& o, Index j, double alpha, double b, double c) const {
    o.violation = std::max(o.violation, penalty_.violation(j, alpha, b, c) * penalty_.unit[sz(j)]);
  }

  // Omega(b) + Omega*(s c) - b s c for b != 0, or its bound with the ridge as rows
  static double term(const ElasticNet& e, double b, double c, double s) {
    const double z = c - e.l2 * b;
    if (held(e, b, c) || (e.l1 == 0 && e.l2 > 0)) return e.fenchel_young(b, s * c);
    if (e.l1 == 0) return std::abs(s * z * b);
    return 0.5 * e.l2 * b * b * (1 - s) * (1 - s) + std::max(0.0, e.l1 * std::abs(b) - s * z * b);
  }

  const Penalty& penalty_;
  double noise_;
  std::optional<GroupCertifier> groups_;  // where columns pay in groups
  Vec up_, down_, scores_, kept_;
  Indices smooth_, found_;
};

}  // namespace excise
