// Groups of columns, and Gram matrices for them.
#pragma once

#include "data.hpp"

namespace data {

// Columns in groups of `size`, neighbours, with a tax of one and a ridge
inline Penalty grouped(Index p, Index size, double l2) {
  Penalty out{Vec(sz(p), 1.0),       Vec(sz(p), l2),  Vec(sz(p), -kInfinity),
              Vec(sz(p), kInfinity), Vec(sz(p), 1.0), {}};
  out.groups.of.resize(sz(p));
  for (Index j = 0; j < p; ++j) {
    out.groups.members.push_back(j);
    if ((j + 1) % size == 0 || j + 1 == p) out.groups.close(std::sqrt(static_cast<double>(size)));
  }
  return out;
}

// A Gram matrix of unit-length columns and what they see of a target of length one
struct Products {
  Vec gram, q;
  Index p;
  ConstMatrix view() const { return {gram.data(), p, p}; }

  Products(Index n, Index columns, std::uint64_t seed)
      : gram(sz(columns * columns)), q(sz(columns)), p(columns) {
    Vec z = Random(seed).normals(n * p), y = Random(seed + 1).normals(n);
    const auto shorten = [&](double* v) {
      const double size = std::sqrt(kernels().dot(v, v, n));
      for (Index i = 0; i < n; ++i) v[i] /= size;
    };
    shorten(y.data());
    for (Index j = 0; j < p; ++j) shorten(&z[sz(j * n)]);
    for (Index j = 0; j < p; ++j) {
      q[sz(j)] = kernels().dot(&z[sz(j * n)], y.data(), n);
      for (Index k = 0; k < p; ++k)
        gram[sz(j + k * p)] = kernels().dot(&z[sz(j * n)], &z[sz(k * n)], n);
    }
  }
};

// Neighbours in groups of `size`
inline void grouped_by(const Table& t, Statement& s, Index size) {
  for (Index j = 0; j < t.p; ++j) {
    if (j % size == 0) s.group_start.push_back(j);
    s.group_members.push_back(j);
  }
  s.group_start.push_back(t.p);
}

}  // namespace data
