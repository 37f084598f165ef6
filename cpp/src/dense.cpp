#include "excise/design/dense.hpp"

#include "excise/design/blocks.hpp"

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

}  // namespace

template <class T>
void Dense<T>::copy_block(Index row, Index col, Matrix out) const {
  const Index n = out.rows, p = out.cols;
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
  correlate_shares(p_, r, out, context, [&](Index first, Index last, Matrix part) {
    const Index p = last - first;
    const T* x = data_ + first * col_stride_;
    if (row_stride_ == 1 || n_ == 1)
      by_columns(x, col_stride_, n_, p, shift_from(first), r.data, r.stride, r.cols, part.data,
                 part.stride);
    else if (col_stride_ == 1 || p_ == 1)
      by_rows(x, row_stride_, n_, p, shift_from(first), r.data, r.stride, r.cols, part.data,
              part.stride);
    else
      correlate_blocks(block_copier(), first, r, part);
    have_read(n_ * p);
  });
}

template <class T>
void Dense<T>::gather(std::span<const Index> columns, Matrix out) const {
  for (std::size_t k = 0; k < columns.size(); ++k) {
    copy_block(0, columns[k], Matrix(out.column(ix(k)), n_, 1));
    have_read(n_);
  }
}

template <class T>
void Dense<T>::tile(Index begin, Index, Matrix out) const {
  copy_block(begin, 0, out);
  have_read(out.rows * out.cols);
}

// Columns that are contiguous are read one by one, others through packed tiles of rows.
template <class T>
Moments Dense<T>::moments(std::span<const double> weights, const Context& context) const {
  if (map_ && row_stride_ != 1) return moments_by_tiles(weights, context);
  const auto pilot = [this](Index i, Index j) {
    return static_cast<double>(data_[i * row_stride_ + j * col_stride_]) - shift_of(j);
  };
  return moments_shares(n_, p_, weights, context, pilot,
                        [&](Index first, std::span<RunningMoments> running, const double* w) {
                          if (row_stride_ != 1)
                            return add_moments(block_copier(), n_, w, first, running);
                          for (Index j = first; j < first + ix(running.size()); ++j) {
                            RunningMoments& column = running[sz(j - first)];
                            column_moments(data_ + j * col_stride_, n_, column.pilot + shift_of(j),
                                           w, column.sums);
                            have_read(n_);
                          }
                        });
}

// The rows of a file in their order: every page is read once.
template <class T>
Moments Dense<T>::moments_by_tiles(std::span<const double> weights, const Context& context) const {
  constexpr Index kRows = 2048, kColumns = 64;
  Moments m(p_);
  const Index pilot_row = first_weighted(weights);
  const double* w = weights.empty() ? nullptr : weights.data();
  std::vector<RunningMoments> running(sz(p_));
  for (Index j = 0; j < p_; ++j)
    running[sz(j)].pilot =
        static_cast<double>(data_[pilot_row * row_stride_ + j * col_stride_]) - shift_of(j);
  for (Index i = 0; i < n_; i += kRows) {
    const Index rows = std::min(kRows, n_ - i);
    const double work = 4.0 * static_cast<double>(rows) * static_cast<double>(p_);
    parallel_for(context, p_, kColumns, work, [&](Index first, Index last) {
      const auto copy = [&](Index row, Index col, Matrix out) { copy_block(i + row, col, out); };
      add_moments(copy, rows, w ? w + i : w, first,
                  std::span(running).subspan(sz(first), sz(last - first)));
    });
    have_read(rows * p_);
  }
  for (Index j = 0; j < p_; ++j) m.set(j, running[sz(j)], w ? 1.0 : static_cast<double>(n_));
  m.find_not_finite();
  return m;
}

template class Dense<float>;
template class Dense<double>;

}  // namespace excise
