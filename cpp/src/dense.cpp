#include "excise/design/dense.hpp"

#include <cmath>

#include "excise/base/kernels.hpp"

namespace excise {
namespace {

void by_columns(const double* x, Index s, Index n, Index p, const double* shift, const double* r,
                Index ldr, Index k, double* out, Index ldo) {
  kernels().columns_f64(x, s, n, p, shift, r, ldr, k, out, ldo);
}
void by_columns(const float* x, Index s, Index n, Index p, const double* shift, const double* r,
                Index ldr, Index k, double* out, Index ldo) {
  kernels().columns_f32(x, s, n, p, shift, r, ldr, k, out, ldo);
}
void by_rows(const double* x, Index s, Index n, Index p, const double* shift, const double* r,
             Index ldr, Index k, double* out, Index ldo) {
  kernels().rows_f64(x, s, n, p, shift, r, ldr, k, out, ldo);
}
void by_rows(const float* x, Index s, Index n, Index p, const double* shift, const double* r,
             Index ldr, Index k, double* out, Index ldo) {
  kernels().rows_f32(x, s, n, p, shift, r, ldr, k, out, ldo);
}

void column_moments(const double* x, Index n, double pilot, const double* w, double* running) {
  kernels().moments_f64(x, n, pilot, w, running);
}
void column_moments(const float* x, Index n, double pilot, const double* w, double* running) {
  kernels().moments_f32(x, n, pilot, w, running);
}

constexpr Index kColumnGrain = 256;

}  // namespace

template <class T>
void Dense<T>::copy_block(Index row, Index n, Index col, Index p, Matrix out) const {
  if (col_stride_ == 1 && row_stride_ != 1) {
    for (Index i = 0; i < n; ++i) {
      const T* source = data_ + (row + i) * row_stride_ + col;
      for (Index j = 0; j < p; ++j) out(i, j) = static_cast<double>(source[j]) - shift_of(col + j);
    }
    return;
  }
  for (Index j = 0; j < p; ++j) {
    const double s = shift_of(col + j);
    const T* source = data_ + row * row_stride_ + (col + j) * col_stride_;
    double* target = out.column(j);
    if (row_stride_ == 1)
      for (Index i = 0; i < n; ++i) target[i] = static_cast<double>(source[i]) - s;
    else
      for (Index i = 0; i < n; ++i) target[i] = static_cast<double>(source[i * row_stride_]) - s;
  }
}

template <class T>
void Dense<T>::correlate(ConstMatrix r, Matrix out, const Context& context) const {
  const double work =
      static_cast<double>(n_) * static_cast<double>(p_) * static_cast<double>(r.cols);
  parallel_for(context, p_, kColumnGrain, work, [&](Index first, Index last) {
    const Index p = last - first;
    for (Index l = 0; l < r.cols; ++l) std::fill_n(&out(first, l), p, 0.0);
    const T* x = data_ + first * col_stride_;
    double* o = out.data + first;
    if (row_stride_ == 1 || n_ == 1) {
      by_columns(x, col_stride_, n_, p, shift_from(first), r.data, r.stride, r.cols, o, out.stride);
    } else if (col_stride_ == 1 || p_ == 1) {
      by_rows(x, row_stride_, n_, p, shift_from(first), r.data, r.stride, r.cols, o, out.stride);
    } else {
      constexpr Index kRows = 1024, kCols = 16;
      Vec buffer(sz(std::min(kRows, n_) * kCols));
      for (Index i = 0; i < n_; i += kRows)
        for (Index j = 0; j < p; j += kCols) {
          const Matrix block(buffer.data(), std::min(kRows, n_ - i), std::min(kCols, p - j));
          copy_block(i, block.rows, first + j, block.cols, block);
          kernels().columns_f64(block.data, block.stride, block.rows, block.cols, nullptr,
                                r.data + i, r.stride, r.cols, o + j, out.stride);
        }
    }
  });
}

template <class T>
void Dense<T>::gather(std::span<const Index> columns, Matrix out) const {
  for (std::size_t k = 0; k < columns.size(); ++k)
    copy_block(0, n_, columns[k], 1, Matrix(out.column(ix(k)), n_, 1));
}

template <class T>
void Dense<T>::tile(Index begin, Index end, Matrix out) const {
  copy_block(begin, end - begin, 0, p_, out);
}

// Columns that are contiguous are read one by one, others through packed tiles of rows.
template <class T>
Moments Dense<T>::moments(std::span<const double> weights, const Context& context) const {
  constexpr Index kRows = 256, kColumns = 64;
  Moments m(p_);
  const Index pilot_row = first_weighted(weights);
  const double* w = weights.empty() ? nullptr : weights.data();
  const double total = w ? 1.0 : static_cast<double>(n_);
  const double work = 4.0 * static_cast<double>(n_) * static_cast<double>(p_);
  parallel_for(context, p_, kColumns, work, [&](Index first, Index last) {
    std::vector<RunningMoments> running(sz(last - first));
    for (Index j = first; j < last; ++j)
      running[sz(j - first)].pilot =
          static_cast<double>(data_[pilot_row * row_stride_ + j * col_stride_]) - shift_of(j);
    if (row_stride_ == 1) {
      for (Index j = first; j < last; ++j)
        column_moments(data_ + j * col_stride_, n_, running[sz(j - first)].pilot + shift_of(j), w,
                       running[sz(j - first)].sums);
    } else {
      Vec packed(sz(std::min(kRows, n_) * (last - first)));
      for (Index i = 0; i < n_; i += kRows) {
        const Matrix tile(packed.data(), std::min(kRows, n_ - i), last - first);
        copy_block(i, tile.rows, first, tile.cols, tile);
        for (Index j = 0; j < tile.cols; ++j)
          kernels().moments_f64(tile.column(j), tile.rows, running[sz(j)].pilot, w ? w + i : w,
                                running[sz(j)].sums);
      }
    }
    for (Index j = first; j < last; ++j) m.set(j, running[sz(j - first)], total);
  });
  m.find_not_finite();
  return m;
}

template class Dense<float>;
template class Dense<double>;

}  // namespace excise
