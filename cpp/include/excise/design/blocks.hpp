// What storages share: numbers that no kernel reads where they lie are copied, a block at a time,
// into a buffer that stays in cache. Every sum has one order, whatever the number of threads.
//
// `copy(row, col, out)` fills `out` with the block of x_ij - shift_j that begins at (row, col).
#pragma once

#include <algorithm>

#include "excise/base/kernels.hpp"
#include "excise/design/design.hpp"

namespace excise {

constexpr Index kColumnGrain = 256;  // columns of one share of work

// out = X'R by shares of columns: share(first, last, out) adds to its rows of `out`, which are 0.
template <class Share>
void correlate_shares(Index p, ConstMatrix r, Matrix out, const Context& context,
                      const Share& share) {
  const double work =
      static_cast<double>(r.rows) * static_cast<double>(p) * static_cast<double>(r.cols);
  parallel_for(context, p, kColumnGrain, work, [&](Index first, Index last) {
    const Matrix part(out.data + first, last - first, out.cols, out.stride);
    for (Index l = 0; l < part.cols; ++l) std::fill_n(part.column(l), part.rows, 0.0);
    share(first, last, part);
  });
}

// out += X'R for the columns that begin at `first`, as many as `out` has rows
template <class Copy>
void correlate_blocks(const Copy& copy, Index first, ConstMatrix r, Matrix out) {
  constexpr Index kRows = 1024, kColumns = 4;
  Vec buffer(sz(std::min(kRows, r.rows) * kColumns));
  for (Index i = 0; i < r.rows; i += kRows)
    for (Index j = 0; j < out.rows; j += kColumns) {
      const Matrix block(buffer.data(), std::min(kRows, r.rows - i),
                         std::min(kColumns, out.rows - j));
      copy(i, first + j, block);
      kernels().columns_f64(block.data, block.stride, block.rows, block.cols, nullptr, r.data + i,
                            r.stride, r.cols, out.data + j, out.stride);
    }
}

// Adds the columns that begin at `first` to their running moments.
template <class Copy>
void add_moments(const Copy& copy, Index n, const double* w, Index first,
                 std::span<RunningMoments> running) {
  constexpr Index kRows = 256;
  const Index p = ix(running.size());
  Vec packed(sz(std::min(kRows, n) * p));
  for (Index i = 0; i < n; i += kRows) {
    const Matrix tile(packed.data(), std::min(kRows, n - i), p);
    copy(i, first, tile);
    for (Index j = 0; j < p; ++j)
      kernels().moments_f64(tile.column(j), tile.rows, running[sz(j)].pilot, w ? w + i : w,
                            running[sz(j)].sums);
  }
}

// Moments by shares of columns: pilot(i, j) is x_ij - shift_j, add(first, running, w) adds columns.
template <class Pilot, class Add>
Moments moments_shares(Index n, Index p, std::span<const double> weights, const Context& context,
                       const Pilot& pilot, const Add& add) {
  constexpr Index kColumns = 64;
  Moments m(p);
  const Index pilot_row = first_weighted(weights);
  const double* w = weights.empty() ? nullptr : weights.data();
  const double total = w ? 1.0 : static_cast<double>(n);
  const double work = 4.0 * static_cast<double>(n) * static_cast<double>(p);
  parallel_for(context, p, kColumns, work, [&](Index first, Index last) {
    std::vector<RunningMoments> running(sz(last - first));
    for (Index j = first; j < last; ++j) running[sz(j - first)].pilot = pilot(pilot_row, j);
    add(first, std::span(running), w);
    for (Index j = first; j < last; ++j) m.set(j, running[sz(j - first)], total);
  });
  m.find_not_finite();
  return m;
}

}  // namespace excise
