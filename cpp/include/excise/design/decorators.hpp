// Views of a Design that copy nothing.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "excise/base/kernels.hpp"
#include "excise/design/shared_columns.hpp"
#include "excise/design/sparse_pack.hpp"

namespace excise {

// z_ij = root_i (x_ij - center_j) / scale_j, root_i the square root of the row's weight: with
// weights that sum to one, z_j has unit length and z_j'z_k is a weighted correlation. Rows of
// weight zero are left out: a training fold is this view with its held-out rows at zero.
// Columns of scale zero are zero.
//
// A sparse base stays sparse: centring is algebra on sums. Where a mean is so far above the spread
// that the algebra would cost digits, nearly every entry is stored, and the column is kept whole.
class Standardized final : public Design {
 public:
  // `shared`: columns that other views of the same rows use too; null: each to itself
  Standardized(std::shared_ptr<const Design> base, Vec center, const Vec& scale, Vec root_weight,
               std::shared_ptr<SharedColumns> shared = nullptr)
      : base_(std::move(base)),
        shared_(std::move(shared)),
        center_(std::move(center)),
        inverse_scale_(scale.size()),
        root_(std::move(root_weight)) {
    for (std::size_t j = 0; j < scale.size(); ++j)
      inverse_scale_[j] = scale[j] > 0 ? 1.0 / scale[j] : 0.0;
    if (base_->sparse()) keep_far_columns();
  }

  Index rows() const override { return base_->rows(); }
  Index cols() const override { return base_->cols(); }
  Index stored() const override { return base_->stored(); }
  std::unique_ptr<Pack> pack() const override {
    constexpr Index kMostRows = std::numeric_limits<std::int32_t>::max();
    if (shared_ && shared_->design() == base_.get())
      return std::make_unique<SharedPack>(*shared_, center_, inverse_scale_, root_);
    if (!base_->sparse() || rows() > kMostRows) return Design::pack();
    return std::make_unique<SparsePack>(*base_->sparse(), center_, inverse_scale_, root_);
  }
  bool tiles_cheaply() const override { return base_->tiles_cheaply(); }

  void correlate(ConstMatrix r, Matrix out, const Context& context) const override {
    const std::vector<const Standardized*> views(sz(r.cols), this);
    correlate_views(views, r, out, context);
  }

  // Z_l'r_l for views l of the same rows, each with its column of r and `out`: one reading.
  static void correlate_views(std::span<const Standardized* const> views, ConstMatrix r, Matrix out,
                              const Context& context) {
    const Index n = r.rows;
    Vec weighted(sz(n * r.cols)), total(views.size());
    for (Index l = 0; l < r.cols; ++l) {
      const Vec& root = views[sz(l)]->root_;
      for (Index i = 0; i < n; ++i) total[sz(l)] += weighted[sz(i + l * n)] = root[sz(i)] * r(i, l);
    }
    views.front()->base_->correlate(ConstMatrix(weighted.data(), n, r.cols), out, context);
    for (Index l = 0; l < r.cols; ++l)
      views[sz(l)]->finish_correlation(r.column(l), total[sz(l)], out.column(l));
  }
  const Design* base() const { return base_.get(); }

  void gather(std::span<const Index> columns, Matrix out) const override {
    base_->gather(columns, out);
    for (Index k = 0; k < out.cols; ++k)
      finish(columns[sz(k)], 0, Matrix(out.column(k), out.rows, 1));
  }

  void tile(Index begin, Index end, Matrix out) const override {
    base_->tile(begin, end, out);
    for (Index j = 0; j < out.cols; ++j) finish(j, begin, Matrix(out.column(j), out.rows, 1));
  }

  void predict(std::span<const Index> columns, const double* b, double* out) const override {
    if (!base_->sparse()) return Design::predict(columns, b, out);
    const Index n = rows();
    Vec scaled(columns.size()), raw(sz(n));
    double shift = 0.0;
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const auto far = std::lower_bound(far_.begin(), far_.end(), columns[k]);
      if (far != far_.end() && *far == columns[k]) {
        kernels().axpy(b[k], far_columns_.data() + (far - far_.begin()) * n, out, n);
        continue;
      }
      scaled[k] = b[k] * inverse_scale_[sz(columns[k])];
      shift += scaled[k] * center_[sz(columns[k])];
    }
    base_->predict(columns, scaled.data(), raw.data());
    for (std::size_t i = 0; i < raw.size(); ++i) out[i] += root_[i] * (raw[i] - shift);
  }

 private:
  void finish_correlation(const double* r, double total, double* c) const {
    for (std::size_t j = 0; j < center_.size(); ++j)
      c[j] = (c[j] - center_[j] * total) * inverse_scale_[j];
    for (std::size_t f = 0; f < far_.size(); ++f)
      c[far_[f]] = kernels().dot(&far_columns_[f * root_.size()], r, rows());
  }

  void finish(Index j, Index first_row, Matrix column) const {
    const double center = center_[sz(j)], inverse = inverse_scale_[sz(j)];
    for (Index i = 0; i < column.rows; ++i)
      column(i, 0) = root_[sz(first_row + i)] * (column(i, 0) - center) * inverse;
  }

  void keep_far_columns() {
    constexpr double kFar = 1e3;  // means above this many standard deviations
    for (Index j = 0; j < cols(); ++j)
      if (std::abs(center_[sz(j)]) * inverse_scale_[sz(j)] > kFar) far_.push_back(j);
    far_columns_.resize(far_.size() * sz(rows()));
    gather(far_, Matrix(far_columns_.data(), rows(), ix(far_.size())));
  }

  std::shared_ptr<const Design> base_;
  std::shared_ptr<SharedColumns> shared_;
  Vec center_, inverse_scale_, root_;
  Indices far_;
  Vec far_columns_;
};

// A column with another value filled in where it was missing: x_j + delta * x_m, x_m being the
// 0/1 column that says where. Each training fold fills in what its own rows say.
struct Refill {
  Index column, indicator;
  double delta;
};

class Refilled final : public Design {
 public:
  Refilled(std::shared_ptr<const Design> base, std::vector<Refill> refills)
      : base_(std::move(base)), refills_(std::move(refills)) {}

  Index rows() const override { return base_->rows(); }
  Index cols() const override { return base_->cols(); }
  Index stored() const override { return base_->stored(); }
  bool tiles_cheaply() const override { return base_->tiles_cheaply(); }

  void correlate(ConstMatrix r, Matrix out, const Context& context) const override {
    base_->correlate(r, out, context);
    for (const Refill& f : refills_)
      for (Index l = 0; l < out.cols; ++l) out(f.column, l) += f.delta * out(f.indicator, l);
  }

  void gather(std::span<const Index> columns, Matrix out) const override {
    base_->gather(columns, out);
    Vec indicator(sz(rows()));
    for (const Refill& f : refills_)
      for (Index k = 0; k < ix(columns.size()); ++k)
        if (columns[sz(k)] == f.column) {
          base_->gather(std::span(&f.indicator, 1), Matrix(indicator.data(), rows(), 1));
          kernels().axpy(f.delta, indicator.data(), out.column(k), rows());
        }
  }

  void tile(Index begin, Index end, Matrix out) const override {
    base_->tile(begin, end, out);
    for (const Refill& f : refills_)
      kernels().axpy(f.delta, out.column(f.indicator), out.column(f.column), out.rows);
  }

 private:
  std::shared_ptr<const Design> base_;
  std::vector<Refill> refills_;
};

}  // namespace excise
