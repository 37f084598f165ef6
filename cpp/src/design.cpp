#include "excise/design/design.hpp"

#include <algorithm>
#include <cmath>

#include "excise/base/kernels.hpp"

namespace excise {

void Moments::set(Index j, const RunningMoments& column) {
  const bool constant = column.min == column.max;
  mean[sz(j)] = constant ? column.min : column.pilot + column.sum;
  variance[sz(j)] = constant ? 0.0 : std::max(0.0, column.squares - column.sum * column.sum);
  min[sz(j)] = column.min;
  max[sz(j)] = column.max;
}

void Moments::find_not_finite() {
  for (Index j = ix(mean.size()) - 1; j >= 0; --j)
    if (!std::isfinite(mean[sz(j)]) || !std::isfinite(min[sz(j)])) not_finite = j;
}

Moments Design::moments(std::span<const double> weights, const Context& context) const {
  const Index n = rows(), p = cols();
  Moments m(p);
  Vec column(sz(n));
  for (Index j = 0; j < p; ++j) {
    gather(std::span(&j, 1), Matrix(column.data(), n, 1));
    RunningMoments running;
    for (Index i = 0; i < n; ++i) {
      const double w = weights.empty() ? 1.0 / static_cast<double>(n) : weights[sz(i)];
      if (!(w > 0)) continue;
      if (running.min > running.max) running.pilot = column[sz(i)];
      running.add(column[sz(i)], w);
    }
    m.set(j, running);
    context.poll();
  }
  m.find_not_finite();
  return m;
}

void Design::predict(std::span<const Index> columns, const double* b, double* out) const {
  constexpr Index kAtOnce = 16;
  const Index n = rows();
  Vec packed(sz(n * std::min<Index>(kAtOnce, ix(columns.size()))));
  for (Index lo = 0; lo < ix(columns.size()); lo += kAtOnce) {
    const auto some = columns.subspan(sz(lo), std::min(sz(kAtOnce), columns.size() - sz(lo)));
    const Matrix block(packed.data(), n, ix(some.size()));
    gather(some, block);
    for (Index k = 0; k < block.cols; ++k) kernels().axpy(b[lo + k], block.column(k), out, n);
  }
}

void add_cross_products(const Design& x, std::span<const double> weights, ConstMatrix y,
                        Index begin, Index end, Matrix gram, Matrix xy, const Context& context) {
  constexpr Index kTileRows = 512, kBlock = 64;
  const Index p = x.cols(), k = y.cols;
  const Index tile_rows = std::min(kTileRows, end - begin);
  Vec plain(sz(tile_rows * p)), weighted(weights.empty() ? 0 : sz(tile_rows * p));
  const Index n_blocks = (p + kBlock - 1) / kBlock;
  for (Index lo = begin; lo < end; lo += kTileRows) {
    const Index n = std::min(kTileRows, end - lo);
    const Matrix a(plain.data(), n, p);
    x.tile(lo, lo + n, a);
    Matrix b = a;
    if (!weights.empty()) {
      b = Matrix(weighted.data(), n, p);
      for (Index j = 0; j < p; ++j)
        for (Index i = 0; i < n; ++i) b(i, j) = a(i, j) * weights[sz(lo + i)];
    }
    kernels().columns_f64(b.data, n, n, p, nullptr, y.data + lo, y.stride, k, xy.data, xy.stride);
    // Lower block triangle: block column `c` against the block rows from its own on.
    const double work = static_cast<double>(n * p) * static_cast<double>(p) / 2;
    parallel_for(context, n_blocks, 1, work, [&](Index first, Index last) {
      for (Index c = first; c < last; ++c) {
        const Index c0 = c * kBlock, nc = std::min(kBlock, p - c0);
        for (Index r0 = c0; r0 < p; r0 += kBlock)
          kernels().columns_f64(a.column(r0), n, n, std::min(kBlock, p - r0), nullptr,
                                b.column(c0), n, nc, &gram(r0, c0), gram.stride);
      }
    });
  }
  for (Index j = 0; j < p; ++j)
    for (Index i = 0; i < j; ++i) gram(i, j) = gram(j, i);
}

}  // namespace excise
