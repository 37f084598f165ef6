// Standardised columns of a sparse table, copied without making them dense.
#pragma once

#include <cmath>

#include "excise/design/pack.hpp"
#include "excise/design/sparse.hpp"

namespace excise {

// z_j = u_j - t_j root  with  u_ij = root_i x_ij / scale_j sparse and t_j = center_j / scale_j, so
//   z_j'z_k = u_j'u_k - t_j root'u_k - t_k root'u_j + t_j t_k root'root.
// Where t_j > 1 these sums would cancel; but then more than half of the column is stored, and it
// is kept whole: u_j = z_j, t_j = 0.
class SparsePack final : public Pack {
 public:
  SparsePack(const Sparse& base, std::span<const double> center,
             std::span<const double> inverse_scale, std::span<const double> root)
      : base_(base),
        center_(center),
        inverse_scale_(inverse_scale),
        root_(root),
        root_square_(kernels().dot(root.data(), root.data(), ix(root.size()))),
        scratch_(root.size()) {}

  Index rows() const override { return ix(root_.size()); }
  Index size() const override { return u_.columns(); }

  void add(std::span<const Index> columns) override {
    Entries some;
    base_.entries(columns, some);
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const std::size_t j = sz(columns[k]);
      const double t = center_[j] * inverse_scale_[j];
      if (std::abs(t) > 1)
        append_whole(some, k, j);
      else
        append(some, k, j);
      t_.push_back(std::abs(t) > 1 ? 0.0 : t);
      with_root_.push_back(times(size() - 1, root_.data()));
    }
  }

  void keep(std::span<const Index> kept) override {
    in_rows_ = 0;
    row_start_.clear();
    Index end = 0;
    for (std::size_t k = 0; k < kept.size(); ++k) {
      const Index from = u_.start[sz(kept[k])], to = u_.start[sz(kept[k] + 1)];
      if (from != end) {
        std::copy(u_.rows.begin() + from, u_.rows.begin() + to, u_.rows.begin() + end);
        std::copy(u_.values.begin() + from, u_.values.begin() + to, u_.values.begin() + end);
      }
      u_.start[k] = end;
      end += to - from;
      t_[k] = t_[sz(kept[k])];
      with_root_[k] = with_root_[sz(kept[k])];
    }
    u_.start.resize(kept.size() + 1);
    u_.start.back() = end;
    u_.rows.resize(sz(end));
    u_.values.resize(sz(end));
    t_.resize(kept.size());
    with_root_.resize(kept.size());
  }

  void cross(Index j, std::span<const Index> columns, double* g) const override {
    const double t = t_[sz(j)], with_root = with_root_[sz(j)];
    if (columns.size() == 1 && columns[0] == j) {  // needs no scratch
      const double* u = u_.values.data() + u_.start[sz(j)];
      const Index count = u_.start[sz(j + 1)] - u_.start[sz(j)];
      g[0] = kernels().dot(u, u, count) - 2 * t * with_root + t * t * root_square_;
      return;
    }
    const Index seen = products_by_rows(j, columns);
    if (seen < size()) scatter(j, 1.0, scratch_.data());
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const std::size_t other = sz(columns[k]);
      const double product =
          columns[k] < seen ? products_[other] : times(columns[k], scratch_.data());
      g[k] = product - t * with_root_[other] - t_[other] * with_root + t * t_[other] * root_square_;
    }
    if (seen < size())
      for (Index e = u_.start[sz(j)]; e < u_.start[sz(j + 1)]; ++e)
        scratch_[sz(u_.rows[sz(e)])] = 0.0;
  }

  void correlate(Index first, ConstMatrix v, Matrix c, const Context& context) const override {
    constexpr Index kColumns = 64;
    Vec total(sz(v.cols));
    for (Index l = 0; l < v.cols; ++l)
      total[sz(l)] = kernels().dot(root_.data(), v.column(l), rows());
    const double work = static_cast<double>((u_.start.back() - u_.start[sz(first)]) * v.cols);
    parallel_for(context, size() - first, kColumns, work, [&](Index lo, Index hi) {
      for (Index k = first + lo; k < first + hi; ++k)
        for (Index l = 0; l < v.cols; ++l)
          c(k - first, l) = times(k, v.column(l)) - t_[sz(k)] * total[sz(l)];
    });
  }

  void subtract(std::span<const Index> columns, const double* b, double* v,
                const Context&) const override {
    double shift = 0.0;
    for (std::size_t k = 0; k < columns.size(); ++k) {
      scatter(columns[k], -b[k], v);
      shift += b[k] * t_[sz(columns[k])];
    }
    if (shift != 0) kernels().axpy(shift, root_.data(), v, rows());
  }

 private:
  // u_k'v
  double times(Index k, const double* v) const {
    const std::int32_t* row = u_.rows.data();
    const double* u = u_.values.data();
    const Index end = u_.start[sz(k + 1)];
    double a = 0.0, b = 0.0, c = 0.0, d = 0.0;
    Index e = u_.start[sz(k)];
    for (; e + 4 <= end; e += 4) {
      a += u[e] * v[row[e]];
      b += u[e + 1] * v[row[e + 1]];
      c += u[e + 2] * v[row[e + 2]];
      d += u[e + 3] * v[row[e + 3]];
    }
    for (; e < end; ++e) a += u[e] * v[row[e]];
    return (a + b) + (c + d);
  }

  // u_j'u_k for all k below the number returned, into products_: 0 where meeting all columns in
  // the rows of column j would take longer than reading these columns.
  Index products_by_rows(Index j, std::span<const Index> columns) const {
    Index by_rows = 0, by_columns = 0;
    index_rows();
    for (const Index k : columns) by_columns += u_.start[sz(k + 1)] - u_.start[sz(k)];
    for (Index e = u_.start[sz(j)]; e < u_.start[sz(j + 1)]; ++e) {
      const std::size_t i = sz(u_.rows[sz(e)]);
      by_rows += row_start_[i + 1] - row_start_[i];
    }
    if (by_rows + in_rows_ > by_columns) return 0;
    products_.assign(sz(in_rows_), 0.0);
    for (Index e = u_.start[sz(j)]; e < u_.start[sz(j + 1)]; ++e) {
      const std::size_t i = sz(u_.rows[sz(e)]);
      const double u = u_.values[sz(e)];
      for (Index f = row_start_[i]; f < row_start_[i + 1]; ++f)
        products_[sz(row_column_[sz(f)])] += u * row_value_[sz(f)];
    }
    return in_rows_;
  }

  // Keeps the same entries by rows; made anew when a quarter of the pack is missing there.
  void index_rows() const {
    const Index all = u_.start.back(), known = u_.start[sz(in_rows_)];
    if (4 * (all - known) <= all && !row_start_.empty()) return;
    row_start_.assign(root_.size() + 1, 0);
    for (const std::int32_t i : u_.rows) ++row_start_[sz(i) + 1];
    for (std::size_t i = 0; i < root_.size(); ++i) row_start_[i + 1] += row_start_[i];
    row_column_.resize(sz(all));
    row_value_.resize(sz(all));
    Indices next(row_start_.begin(), row_start_.end() - 1);
    in_rows_ = size();
    for (Index k = 0; k < in_rows_; ++k)
      for (Index e = u_.start[sz(k)]; e < u_.start[sz(k + 1)]; ++e) {
        const std::size_t f = sz(next[sz(u_.rows[sz(e)])]++);
        row_column_[f] = static_cast<std::int32_t>(k);
        row_value_[f] = u_.values[sz(e)];
      }
  }

  // v += b u_k
  void scatter(Index k, double b, double* v) const {
    for (Index e = u_.start[sz(k)]; e < u_.start[sz(k + 1)]; ++e)
      v[u_.rows[sz(e)]] += b * u_.values[sz(e)];
  }

  void append(const Entries& some, std::size_t k, std::size_t j) {
    for (std::size_t e = sz(some.start[k]); e < sz(some.start[k + 1]); ++e) {
      u_.rows.push_back(some.rows[e]);
      u_.values.push_back(root_[sz(some.rows[e])] * some.values[e] * inverse_scale_[j]);
    }
    u_.start.push_back(ix(u_.rows.size()));
  }

  void append_whole(const Entries& some, std::size_t k, std::size_t j) {
    std::size_t e = sz(some.start[k]);
    for (std::size_t i = 0; i < root_.size(); ++i) {
      const bool here = e < sz(some.start[k + 1]) && some.rows[e] == static_cast<std::int32_t>(i);
      const double x = here ? some.values[e++] : 0.0;
      u_.rows.push_back(static_cast<std::int32_t>(i));
      u_.values.push_back(root_[i] * (x - center_[j]) * inverse_scale_[j]);
    }
    u_.start.push_back(ix(u_.rows.size()));
  }

  const Sparse& base_;
  std::span<const double> center_, inverse_scale_, root_;
  double root_square_;
  Entries u_;
  Vec t_, with_root_;    // with_root_j = root'u_j
  mutable Vec scratch_;  // zeros between calls
  // The first `in_rows_` columns by rows
  mutable Index in_rows_ = 0;
  mutable Indices row_start_;
  mutable std::vector<std::int32_t> row_column_;
  mutable Vec row_value_, products_;
};

}  // namespace excise
