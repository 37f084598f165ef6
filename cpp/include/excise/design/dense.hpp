// A dense array with any strides, float32 or float64, read where it lies.
#pragma once

#include "excise/base/file_map.hpp"
#include "excise/design/design.hpp"

namespace excise {

// All verbs see x_ij - shift_j: with shift near the column means nothing cancels later.
template <class T>
class Dense final : public Design {
 public:
  // `map`, where the array lies in a file that is read as one goes
  Dense(const T* data, Index n, Index p, Index row_stride, Index col_stride,
        std::shared_ptr<FileMap> map = nullptr)
      : data_(data),
        n_(n),
        p_(p),
        row_stride_(row_stride),
        col_stride_(col_stride),
        map_(std::move(map)) {}

  Index rows() const override { return n_; }
  Index cols() const override { return p_; }
  bool streamed() const override { return map_ != nullptr; }
  std::shared_ptr<const Design> about(Vec center) const override {
    auto shifted = std::make_shared<Dense>(*this);
    shifted->shift_ = std::move(center);
    return shifted;
  }

  void correlate(ConstMatrix r, Matrix out, const Context& context) const override;
  void gather(std::span<const Index> columns, Matrix out) const override;
  void tile(Index begin, Index end, Matrix out) const override;
  Moments moments(std::span<const double> weights, const Context& context) const override;

 private:
  double shift_of(Index j) const { return shift_.empty() ? 0.0 : shift_[sz(j)]; }
  const double* shift_from(Index j) const { return shift_.empty() ? nullptr : &shift_[sz(j)]; }
  void copy_block(Index row, Index col, Matrix out) const;
  Moments moments_by_tiles(std::span<const double> weights, const Context& context) const;
  void have_read(Index numbers) const {
    if (map_) map_->have_read(numbers * ix(sizeof(T)));
  }
  auto block_copier() const {
    return [this](Index row, Index col, Matrix out) { copy_block(row, col, out); };
  }

  const T* data_;
  Index n_, p_, row_stride_, col_stride_;
  std::shared_ptr<FileMap> map_;
  Vec shift_;
};

extern template class Dense<float>;
extern template class Dense<double>;

}  // namespace excise
