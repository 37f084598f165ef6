// The certificate of duality.hpp where columns pay in groups:
//   P(b) - D(s r) = |r|^2 (1 - s)^2 / 2 + sum_g [Omega_g(b_g) + Omega_g*(s c_g) - s b_g'c_g].
// With the ridge as rows, z = c_g - l2 b_g and s |z| <= l1, a term is
//   l2 |b_g|^2 (1 - s)^2 / 2 + |b_g| (l1 - s |z|) + s (|b_g| |z| - b_g'z),
// each part of it never negative. Of sparse groups s z is what is left of it (see GroupNet), and
// the columns add  own |b_j| - b_j clip(s z_j).
#pragma once

#include <limits>
#include <optional>
#include <span>

#include "excise/certificate/optimality.hpp"
#include "excise/penalty/penalty.hpp"

namespace excise {

// The same questions as to a Certifier. Columns are always named with the rest of their group.
class GroupCertifier {
 public:
  GroupCertifier(const Penalty& penalty, double noise) : penalty_(penalty), noise_(noise) {}

  double alpha_max(const double* c);
  std::span<const Index> may_enter(const double* c, const double* d, double t, double slack,
                                   double threshold);
  template <class AtRest>
  void missed(double alpha, const double* c, double noise, AtRest&& at_rest, Indices& out) {
    for (Index g = 0; g < penalty_.groups.count(); ++g) {
      const auto members = penalty_.groups[g];
      if (at_rest(members.front()) && excess(g, alpha, c) > noise)
        out.insert(out.end(), members.begin(), members.end());
    }
  }
  // `others`: none given means all. over(j, violation) is told of every member of a group.
  template <class Over>
  Optimality certify(double alpha, const Indices& support, const Vec& b, const double* c,
                     const DataTerm& data, std::optional<std::span<const Index>> others,
                     Over&& over) {
    earning_.clear();
    const Optimality o = certify(alpha, support, b, c, data, others);
    for (const auto& [g, violation] : earning_)
      for (const Index j : penalty_.groups[g]) over(j, violation);
    return o;
  }

 private:
  Optimality certify(double alpha, const Indices& support, const Vec& b, const double* c,
                     const DataTerm& data, std::optional<std::span<const Index>> others);
  // By how much a group at rest earns more than its tax
  double excess(Index g, double alpha, const double* c) {
    return penalty_.group(g, alpha).violation({}, gathered(penalty_.groups[g], c, seen_));
  }
  void spread(const Indices& support, const Vec& b);
  double shrink(const GroupNet& net, std::span<const double> b, std::span<const double> c,
                double unfitted);
  double term(const GroupNet& net, std::span<const double> b, std::span<const double> c, double s);
  void note(Optimality& o, Index g, double violation) const;
  bool is_intercept(Index g) const { return penalty_.is_intercept(penalty_.groups[g].front()); }

  const Penalty& penalty_;
  double noise_;
  Indices found_;
  std::vector<std::pair<Index, double>> earning_;
  Indices active_;        // groups of the support,
  std::vector<char> in_;  // of every group whether it is one,
  Vec here_;              // and coefficients of every column
  Vec at_, seen_, rest_;
};

}  // namespace excise
