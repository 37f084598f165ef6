// The duality gap of the squared loss with a separable penalty, on the standard scale:
//   P(b) = |y - Z b|^2 / 2 + sum_j Omega_j(b_j)
// For r = y - Z b, c = Z'r and the dual point s r, 0 < s <= 1,
//   P(b) - D(s r) = |r|^2 (1 - s)^2 / 2 + sum_j [Omega_j(b_j) + Omega_j*(s c_j) - b_j s c_j],
// a sum of terms that are not negative: it bounds the suboptimality of any b and cancels nowhere.
// (Fenchel duality; Ndiaye, Fercoq, Gramfort, Salmon, JMLR 18, 2017.)
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

// `c` holds Z'r for every feature, `b` is dense. Features whose threshold is 0 (unpenalised) have
// c_j = 0 in exact arithmetic at any point the engine returns; what rounding leaves is charged
// at |c_j b_j|.
inline Optimality certify(const Penalty& penalty, double alpha, const double* b, const double* c,
                          double rr) {
  const Index p = penalty.size();
  Optimality o;
  double scale = 1.0;
  for (Index j = 0; j < p; ++j) {
    const ElasticNet e = penalty.at(j, alpha);
    if (e.excluded()) continue;
    o.penalty += e.value(b[j]);
    o.violation = std::max(o.violation, e.violation(b[j], c[j]) * penalty.unit[sz(j)]);
    const bool unbounded = c[j] > 0 ? e.upper == kInfinity : e.lower == -kInfinity;
    if (e.l1 > 0 && e.l2 == 0 && unbounded && std::abs(c[j]) * scale > e.l1)
      scale = e.l1 / std::abs(c[j]);
  }
  o.gap = 0.5 * rr * (1 - scale) * (1 - scale);
  for (Index j = 0; j < p; ++j) {
    ElasticNet e = penalty.at(j, alpha);
    if (e.excluded()) continue;
    double z = scale * c[j];
    const bool unbounded = z > 0 ? e.upper == kInfinity : e.lower == -kInfinity;
    if (e.l2 == 0 && unbounded) {
      if (e.l1 == 0) {
        o.gap += std::abs(z * b[j]);
        continue;
      }
      z = std::clamp(z, -e.l1, e.l1);  // scale * |c| may round to just above l1
    }
    o.gap += e.fenchel_young(b[j], z);
  }
  o.primal = 0.5 * rr + o.penalty;
  return o;
}

}  // namespace excise
