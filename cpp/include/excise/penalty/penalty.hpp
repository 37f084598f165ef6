// The penalty of all columns: one ElasticNet or one ConcaveNet each, or one GroupNet for each group
// of them.
#pragma once

#include "excise/penalty/concave.hpp"
#include "excise/penalty/group.hpp"

namespace excise {

// On the scale of unit-length columns: the strength alpha applies to l1 and l2 alike. The columns
// of a group have the same l1, own and l2, no bounds, and a common scale.
struct Penalty {
  Vec l1, l2, lower, upper;
  Vec unit;       // turns a gradient on this scale into one on the scale the penalty is stated on
  Groups groups;  // none: every column by itself
  Index intercepts = 0;       // how many columns, the last ones, are intercepts and no features
  ConcaveShape concave = {};  // none: the elastic net; else l1 is the tax at zero, and no ridge,
  Vec width = {};             // bound or group is there
  Vec own = {};               // of sparse groups: what a column pays beside its group; else empty

  ElasticNet at(Index j, double alpha) const {
    const double share = l1[sz(j)];
    return {share == kInfinity ? kInfinity : alpha * share, alpha * l2[sz(j)], lower[sz(j)],
            upper[sz(j)]};
  }
  GroupNet group(Index g, double alpha) const {
    const std::size_t j = sz(groups[g].front());
    return {alpha * l1[j], alpha * l2[j], own.empty() ? 0.0 : alpha * own[j]};
  }
  ConcaveNet curve(Index j, double alpha) const {
    return {concave.curve, at(j, alpha).l1, concave.shape, width[sz(j)]};
  }
  // The elastic net that touches the penalty at b and lies nowhere below it
  ElasticNet tangent(Index j, double alpha, double b) const {
    ElasticNet e = at(j, alpha);
    if (concave && !e.excluded()) e.l1 = curve(j, alpha).slope(std::abs(b));
    return e;
  }
  double value(Index j, double alpha, double b) const {
    if (!concave || b == 0 || l1[sz(j)] == 0) return at(j, alpha).value(b);
    return curve(j, alpha).value(std::abs(b));
  }
  double violation(Index j, double alpha, double b, double c) const {
    return concave ? curve(j, alpha).violation(b, c) : at(j, alpha).violation(b, c);
  }
  Index size() const { return ix(l1.size()); }
  bool is_intercept(Index j) const { return j >= size() - intercepts; }
  bool grouped() const { return groups.count() > 0; }
  bool has_free() const {
    for (std::size_t j = 0; j < l1.size(); ++j)
      if (l1[j] == 0 && l2[j] == 0) return true;
    return false;
  }
  bool has_ridge() const {
    return std::any_of(l2.begin(), l2.end(), [](double v) { return v > 0; });
  }

  // Omega(b)
  double value(const Vec& b, double alpha) const;
  // The largest distance of c from the subdifferential at b, of a column or a group
  double violation(const Vec& b, const Vec& c, double alpha) const;

  // These columns and the rest of their groups, group after group
  Indices whole(std::span<const Index> columns) const;
  // What some columns pay, whole groups one after the other; `unit` is left behind, as below.
  Penalty of(std::span<const Index> columns) const;
  // Columns more, and those at the places `kept` (rising) alone
  void append(const Penalty& more);
  void keep(std::span<const Index> kept);
};

}  // namespace excise
