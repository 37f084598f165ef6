// The elastic net of a group of columns that are in or out together, within which each may pay for
// itself as well (sparse groups):
//   Omega_g(b) = l1 |b|_2 + own |b|_1 + l2 |b|_2^2 / 2
// With own = 0 it depends on b through its length alone, so that all of it follows from the elastic
// net of one number, the length (Yuan and Lin, JRSS B 68, 2006). l1 = own = l2 = 0 leaves a group
// free; own > 0 only where l1 > 0.
//
// What a column earns pays its own tax first, and what is left of it,
//   left(c) = sign(c) max(|c| - own, 0),
// is what the group earns: the dual ball is |left(c)|_2 <= l1, and Omega + Omega* - b'c splits into
// that of the group at left(c) and that of the columns, own |b_j| - b_j clip(c_j), at the rest
// (Simon, Friedman, Hastie and Tibshirani, JCGS 22, 2013; Ndiaye, Fercoq, Gramfort and Salmon, NIPS
// 2016, whose epsilon norm is 1 / widest()).
#pragma once

#include <span>

#include "excise/penalty/elastic_net.hpp"

namespace excise {

inline double length(std::span<const double> v) {
  double square = 0.0;
  for (const double x : v) square += x * x;
  return std::sqrt(square);
}

struct GroupNet {
  double l1, l2;
  double own = 0.0;

  bool smooth() const { return l1 == 0; }  // no kink at zero: never excised by the tax

  double left(double c) const {
    return own == 0 ? c : std::copysign(std::max(std::abs(c) - own, 0.0), c);
  }

  // What a length pays
  ElasticNet radial() const { return {l1, l2, -kInfinity, kInfinity}; }

  double value(std::span<const double> b) const {
    double total = radial().value(length(b));
    for (std::size_t k = 0; own > 0 && k < b.size(); ++k) total += own * std::abs(b[k]);
    return total;
  }

  // The smallest l1 at which b = 0 is optimal, c being minus the gradient of the loss there
  double zero_threshold(std::span<const double> c) const {
    if (own == 0) return length(c);
    double square = 0.0;
    for (const double v : c) square += left(v) * left(v);
    return std::sqrt(square);
  }

  // The largest s with |left(s c)| <= l1; 1 / s is the smallest multiple of this penalty at which
  // b = 0 is optimal. Newton's method from the right of a root of a convex function.
  double widest(std::span<const double> c) const {
    const double size = length(c);
    if (size == 0) return kInfinity;
    double s = (l1 + own * std::sqrt(static_cast<double>(c.size()))) / size;
    for (int step = 0; own > 0 && step < 200; ++step) {
      double square = 0.0, slope = 0.0;
      for (const double v : c) {
        const double over = std::abs(left(s * v));
        square += over * over;
        slope += over * std::abs(v);
      }
      const double found = std::sqrt(square), less = (found - l1) * found / slope;
      if (!(found > l1 && s - less < s)) break;
      s -= less;
    }
    return s;
  }

  // Distance of c from the subdifferential at b: (l1 / |b| + l2) b + own sign(b), of b_j = 0 any
  // share of its own; or the dual ball at b = 0
  double violation(std::span<const double> b, std::span<const double> c) const {
    const double size = length(b);
    if (size == 0) return std::max(0.0, zero_threshold(c) - l1);
    double square = 0.0;
    for (std::size_t k = 0; k < b.size(); ++k) {
      const double off =
          b[k] == 0 ? left(c[k]) : c[k] - l1 * (b[k] / size) - l2 * b[k] - std::copysign(own, b[k]);
      square += off * off;
    }
    return std::sqrt(square);
  }

  // Omega(b) + Omega*(z) - b'z >= 0: that of the lengths, what the angle between the two adds, and
  // that of each column by itself
  double fenchel_young(std::span<const double> b, std::span<const double> z) const {
    if (own == 0) return radial().fenchel_young(length(b), length(z)) + angle(b, z);
    Vec rest(z.begin(), z.end());
    for (double& v : rest) v = left(v);
    return radial().fenchel_young(length(b), length(rest)) + angle(b, rest) + each(b, z);
  }

  // sum over columns of  own |b_j| - b_j clip(z_j, -own, own)  >= 0
  double each(std::span<const double> b, std::span<const double> z) const {
    double total = 0.0;
    for (std::size_t k = 0; own > 0 && k < b.size(); ++k)
      total += own * std::abs(b[k]) - b[k] * std::clamp(z[k], -own, own);
    return total;
  }

  // |b| |z| - b'z, without the cancellation
  static double angle(std::span<const double> b, std::span<const double> z) {
    const double b_size = length(b), z_size = length(z);
    if (b_size == 0 || z_size == 0) return 0.0;
    double square = 0.0;
    for (std::size_t k = 0; k < b.size(); ++k) {
      const double off = b[k] / b_size - z[k] / z_size;
      square += off * off;
    }
    return 0.5 * b_size * z_size * square;
  }
};

// Which columns are a group, as compressed rows; those that are excluded are in none.
struct Groups {
  Indices start{0}, members;
  Indices of;  // the group of a column, or -1
  Vec reach;   // |Z_g'v| <= reach_g |v|

  Index count() const { return ix(start.size()) - 1; }
  Index size(Index g) const { return start[sz(g + 1)] - start[sz(g)]; }
  std::span<const Index> operator[](Index g) const {
    return std::span(members).subspan(sz(start[sz(g)]), sz(size(g)));
  }
  // Closes the group of the members from the last one's end on.
  void close(double reached) {
    for (std::size_t k = sz(start.back()); k < members.size(); ++k) of[sz(members[k])] = count();
    start.push_back(ix(members.size()));
    reach.push_back(reached);
  }
};

// What the members of a group have in `all`
inline std::span<const double> gathered(std::span<const Index> members, const double* all,
                                        Vec& room) {
  room.resize(members.size());
  for (std::size_t k = 0; k < members.size(); ++k) room[k] = all[members[k]];
  return room;
}

}  // namespace excise
