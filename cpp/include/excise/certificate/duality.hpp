// The duality gap of the squared loss with a separable penalty, on the standard scale:
//   P(b) = |y - Z b|^2 / 2 + sum_j Omega_j(b_j)
// For r = y - Z b, c = Z'r and the dual point s r, 0 < s <= 1,
//   P(b) - D(s r) = |r|^2 (1 - s)^2 / 2 + sum_j [Omega_j(b_j) + Omega_j*(s c_j) - b_j s c_j],
// a sum of terms that are not negative: it bounds the suboptimality of any b and cancels nowhere.
// (Fenchel duality; Ndiaye, Fercoq, Gramfort, Salmon, JMLR 18, 2017.) A ridge counts as rows
// added to Z, which bounds Omega_j*(s c_j) by s^2 l2 b_j^2 / 2 as soon as s |c_j - l2 b_j| <= l1,
// however small l2 is; the term is then  l2 b_j^2 (1 - s)^2 / 2 + l1 |b_j| - s b_j (c_j - l2 b_j).
#pragma once

#include <span>

#include "excise/penalty/elastic_net.hpp"

namespace excise {

struct Optimality {
  double gap = 0.0;
  double violation = 0.0;  // largest distance to the subdifferential, on the penalty's scale
  double penalty = 0.0;    // sum_j Omega_j(b_j)
  double primal = 0.0;
};

// `c` holds Z'r for every feature, `b` is dense. Unpenalised features have c_j = 0 in exact
// arithmetic at any point the engine returns; what rounding leaves is charged at |c_j b_j|.
inline Optimality certify(const Penalty& penalty, double alpha, const double* b, const double* c,
                          double rr) {
  // A coefficient that rests at a bound is held by it: any correlation beyond is feasible there.
  const auto held = [&](Index j, double z) {
    return b[j] != 0 && (z > 0 ? b[j] >= penalty.upper[sz(j)] : b[j] <= penalty.lower[sz(j)]);
  };
  const auto shut = [&](const ElasticNet& e, double z) {
    return z > 0 ? e.upper == 0 : e.lower == 0;
  };
  const Index p = penalty.size();
  Optimality o;
  double s = 1.0;
  for (Index j = 0; j < p; ++j) {
    const ElasticNet e = penalty.at(j, alpha);
    if (e.excluded()) continue;
    o.penalty += e.value(b[j]);
    o.violation = std::max(o.violation, e.violation(b[j], c[j]) * penalty.unit[sz(j)]);
    const double z = c[j] - e.l2 * b[j];
    if (e.l1 > 0 && !held(j, z) && !shut(e, z) && std::abs(z) * s > e.l1) s = e.l1 / std::abs(z);
  }
  o.gap = 0.5 * rr * (1 - s) * (1 - s);
  for (Index j = 0; j < p; ++j) {
    const ElasticNet e = penalty.at(j, alpha);
    if (e.excluded() || (b[j] == 0 && e.l1 > 0)) continue;  // a taxed zero adds nothing
    const double z = c[j] - e.l2 * b[j];
    if (held(j, z) || e.l1 == 0)
      o.gap += e.l2 > 0 || held(j, z) ? e.fenchel_young(b[j], s * c[j]) : std::abs(s * z * b[j]);
    else
      o.gap += 0.5 * e.l2 * b[j] * b[j] * (1 - s) * (1 - s) +
               std::max(0.0, e.l1 * std::abs(b[j]) - s * z * b[j]);
  }
  o.primal = 0.5 * rr + o.penalty;
  return o;
}

}  // namespace excise
