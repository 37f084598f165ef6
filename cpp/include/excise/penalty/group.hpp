// The elastic net of a group of columns that are in or out together:
//   Omega_g(b) = l1 |b|_2 + l2 |b|_2^2 / 2
// It depends on b through its length alone, so that all of it follows from the elastic net of one
// number, the length (Yuan and Lin, JRSS B 68, 2006). l1 = l2 = 0 leaves a group free.
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

  bool smooth() const { return l1 == 0; }  // no kink at zero: never excised by the tax

  // What a length pays
  ElasticNet radial() const { return {l1, l2, -kInfinity, kInfinity}; }

  double value(std::span<const double> b) const { return radial().value(length(b)); }

  // The smallest l1 at which b = 0 is optimal, c being minus the gradient of the loss there
  double zero_threshold(std::span<const double> c) const { return length(c); }

  // Distance of c from the subdifferential at b: (l1 / |b| + l2) b, or the ball |.| <= l1 at b = 0
  double violation(std::span<const double> b, std::span<const double> c) const {
    const double size = length(b);
    if (size == 0) return std::max(0.0, zero_threshold(c) - l1);
    double square = 0.0;
    for (std::size_t k = 0; k < b.size(); ++k) {
      const double off = c[k] - l1 * (b[k] / size) - l2 * b[k];
      square += off * off;
    }
    return std::sqrt(square);
  }

  // Omega(b) + Omega*(z) - b'z >= 0: that of the lengths, and what the angle between the two adds
  double fenchel_young(std::span<const double> b, std::span<const double> z) const {
    return radial().fenchel_young(length(b), length(z)) + angle(b, z);
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
