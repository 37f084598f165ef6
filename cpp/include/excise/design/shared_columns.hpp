// Columns of one table, copied once for the working sets of several views of its rows.
#pragma once

#include <memory>
#include <mutex>

#include "excise/design/pack.hpp"

namespace excise {

// Who copied a column first changes nothing that its users see: it is the column, as it is.
class SharedColumns {
 public:
  explicit SharedColumns(std::shared_ptr<const Design> design)
      : design_(std::move(design)),
        stride_((design_->rows() + kAligned - 1) / kAligned * kAligned),
        place_(sz(design_->cols()), -1),
        users_(sz(design_->cols()), 0) {}

  const Design* design() const { return design_.get(); }

  // Appends the addresses of these columns; they hold until the columns are dropped as often.
  void take(std::span<const Index> columns, std::vector<const double*>& at);
  void drop(std::span<const Index> columns);

 private:
  static constexpr Index kAligned = 8;  // numbers in what a processor loads at once
  static constexpr Index kTogether = 64;

  Index free_place();
  double* address(Index place) const;

  std::shared_ptr<const Design> design_;
  Index stride_;
  std::mutex mutex_;
  Indices place_;                           // of each column, or -1
  std::vector<std::int32_t> users_;         // of each column
  std::vector<std::unique_ptr<Vec>> kept_;  // kTogether columns each
  Indices free_;                            // places without a column
  Vec fresh_;
};

// The columns z = root o (x - center) / scale of a view, x being shared. Centring is algebra on
// sums, as it is for a compressed column; where the centre is above the spread, so that the sums
// would cancel, the column is centred in a copy of its own.
class SharedPack final : public Pack {
 public:
  SharedPack(SharedColumns& shared, std::span<const double> center,
             std::span<const double> inverse_scale, std::span<const double> root)
      : shared_(shared), center_(center), inverse_scale_(inverse_scale), root_(root) {}
  ~SharedPack() override { shared_.drop(taken(0)); }
  SharedPack(const SharedPack&) = delete;
  SharedPack& operator=(const SharedPack&) = delete;

  Index rows() const override { return ix(root_.size()); }
  Index size() const override { return ix(columns_.size()); }
  void add(std::span<const Index> columns) override;
  void keep(std::span<const Index> kept) override;
  void cross(Index j, std::span<const Index> columns, double* g) const override {
    crosses(std::span(&j, 1), columns, Matrix(g, ix(columns.size()), 1));
  }
  void crosses(std::span<const Index> some, std::span<const Index> columns,
               Matrix g) const override;
  void correlate(Index first, ConstMatrix v, Matrix c, const Context& context) const override;
  void subtract(std::span<const Index> columns, const double* b, double* v,
                const Context& context) const override;
  void images(std::span<const Image> some) const override;

 private:
  // z = root o (scale x - shift)
  struct Column {
    Index feature;
    const double* x;
    double scale, shift;
    std::unique_ptr<Vec> own;  // x, where it is not shared
  };

  Indices taken(Index first) const;
  double weigh(const double* v, double* weighted) const;

  SharedColumns& shared_;
  std::span<const double> center_, inverse_scale_, root_;
  std::vector<Column> columns_;
};

}  // namespace excise
