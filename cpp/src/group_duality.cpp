#include "excise/certificate/group_duality.hpp"

#include <algorithm>
#include <utility>

namespace excise {

double GroupCertifier::alpha_max(const double* c) {
  double most = 0.0;
  for (Index g = 0; g < penalty_.groups.count(); ++g) {
    const GroupNet net = penalty_.group(g, 1.0);
    if (net.smooth()) continue;
    most = std::max(most, 1.0 / net.widest(gathered(penalty_.groups[g], c, seen_)));
  }
  return most;
}

std::span<const Index> GroupCertifier::may_enter(const double* c, const double* d, double t,
                                                 double slack, double threshold) {
  found_.clear();
  for (Index g = 0; g < penalty_.groups.count(); ++g) {
    const GroupNet net = penalty_.group(g, threshold);
    const double least = net.l1 - slack * penalty_.groups.reach[sz(g)];
    if (penalty_.group(g, 1.0).smooth()) continue;
    double square = 0.0;
    for (const Index j : penalty_.groups[g]) {
      const double v = net.left(c[j] + t * (d[j] - c[j]));
      square += v * v;
    }
    if (least <= 0 || square >= least * least)
      found_.insert(found_.end(), penalty_.groups[g].begin(), penalty_.groups[g].end());
  }
  return found_;
}

// Coefficients of every column, and the groups that have any.
void GroupCertifier::spread(const Indices& support, const Vec& b) {
  here_.assign(sz(penalty_.size()), 0.0);
  in_.assign(sz(penalty_.groups.count()), 0);
  active_.clear();
  for (std::size_t k = 0; k < support.size(); ++k) {
    here_[sz(support[k])] = b[k];
    const Index g = penalty_.groups.of[sz(support[k])];
    if (g >= 0 && !std::exchange(in_[sz(g)], 1)) active_.push_back(g);
  }
}

void GroupCertifier::note(Optimality& o, Index g, double violation) const {
  o.violation = std::max(o.violation, violation * penalty_.unit[sz(penalty_.groups[g].front())]);
}

// The largest s for which s r is feasible in this group
double GroupCertifier::shrink(const GroupNet& net, std::span<const double> b,
                              std::span<const double> c, double unfitted) {
  if (net.smooth()) {
    if (net.l2 > 0) return 1.0;
    const auto fitted = [&](double seen) { return std::abs(seen) <= unfitted; };
    return std::all_of(c.begin(), c.end(), fitted) ? 1.0 : 0.0;
  }
  rest_.assign(c.begin(), c.end());
  for (std::size_t k = 0; k < b.size(); ++k) rest_[k] -= net.l2 * b[k];
  const double most = net.l1 > noise_ ? net.l1 : net.l1 + noise_;  // unless rounding hides the tax
  return std::min(1.0, GroupNet{most, net.l2, net.own}.widest(rest_));
}

// Omega(b) + Omega*(s c) - s b'c for b != 0, or its bound with the ridge as rows
double GroupCertifier::term(const GroupNet& net, std::span<const double> b,
                            std::span<const double> c, double s) {
  rest_.resize(c.size());
  if (net.smooth() && net.l2 > 0) {
    for (std::size_t k = 0; k < c.size(); ++k) rest_[k] = s * c[k];
    return net.fenchel_young(b, rest_);
  }
  double unfitted = 0.0;
  for (std::size_t k = 0; k < c.size(); ++k) {
    rest_[k] = c[k] - net.l2 * b[k];
    unfitted += std::abs(s * rest_[k] * b[k]);
  }
  if (net.smooth()) return unfitted;
  const double size = length(b);
  for (double& z : rest_) z *= s;
  double total = 0.5 * net.l2 * size * size * (1 - s) * (1 - s) + net.each(b, rest_);
  for (double& z : rest_) z = net.left(z);
  return total + size * std::max(0.0, net.l1 - length(rest_)) + GroupNet::angle(b, rest_);
}

Optimality GroupCertifier::certify(double alpha, const Indices& support, const Vec& b,
                                   const double* c, const DataTerm& data,
                                   std::optional<std::span<const Index>> others) {
  constexpr double kUnfitted = 100;
  Optimality o;
  spread(support, b);
  double s = 1.0, size = 0.0;
  for (const double value : b) size += std::abs(value);
  const double unfitted = kUnfitted * (noise_ + std::numeric_limits<double>::epsilon() * size);
  for (const Index g : active_) {
    const GroupNet net = penalty_.group(g, alpha);
    const auto at = gathered(penalty_.groups[g], here_.data(), at_);
    const auto seen = gathered(penalty_.groups[g], c, seen_);
    o.penalty += net.value(at);
    note(o, g, net.violation(at, seen));
    if (!is_intercept(g)) s = std::min(s, shrink(net, at, seen, unfitted));
  }
  const auto look = [&](Index g) {
    const GroupNet net = penalty_.group(g, alpha);
    if (in_[sz(g)] || penalty_.group(g, 1.0).smooth()) return;
    const double over = excess(g, alpha, c);
    if (!(over > 0)) return;
    note(o, g, over);
    earning_.emplace_back(g, over);
    s = std::min(s, shrink(net, {}, seen_, unfitted));
  };
  if (!others)
    for (Index g = 0; g < penalty_.groups.count(); ++g) look(g);
  else
    for (const Index j : *others)
      if (const Index g = penalty_.groups.of[sz(j)]; g >= 0 && penalty_.groups[g].front() == j)
        look(g);
  Indices resting;  // groups that pay no tax and are zero: their c is known at every alpha
  for (Index g = 0; g < penalty_.groups.count(); ++g)
    if (!in_[sz(g)] && penalty_.group(g, 1.0).smooth()) resting.push_back(g);
  for (const Index g : resting)
    if (penalty_.group(g, alpha).l2 == 0 && !is_intercept(g))
      s = std::min(s, shrink(penalty_.group(g, alpha), {}, gathered(penalty_.groups[g], c, seen_),
                             unfitted));
  o.gap = data.gap(s);
  for (const Index g : resting) {
    const GroupNet net = penalty_.group(g, alpha);
    note(o, g, excess(g, alpha, c));
    if (is_intercept(g)) o.gap += s * length(seen_);
    if (net.l2 > 0) {
      rest_.assign(seen_.begin(), seen_.end());
      for (double& z : rest_) z *= s;
      o.gap += net.fenchel_young({}, rest_);
    }
  }
  for (const Index g : active_) {
    o.gap += term(penalty_.group(g, alpha), gathered(penalty_.groups[g], here_.data(), at_),
                  gathered(penalty_.groups[g], c, seen_), s);
    if (is_intercept(g)) o.gap += s * length(seen_);
  }
  o.primal = data.value + o.penalty;
  if (!(o.gap < o.primal)) o.gap = o.primal;  // no objective is below zero
  return o;
}

}  // namespace excise
