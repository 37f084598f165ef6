// Columns that lie apart, as those of a data frame do, each with its own kind of number.
#pragma once

#include "excise/design/design.hpp"

namespace excise {

// What a column holds; a boolean is a U8.
enum class Number : std::uint8_t { F64, F32, I8, I16, I32, I64, U8, U16, U32, U64 };

struct Column {
  const void* data;
  Index stride;  // in numbers, not bytes
  Number number;
};

// All verbs see x_ij - shift_j, read where they lie.
class Columns final : public Design {
 public:
  Columns(Index n, std::vector<Column> columns) : n_(n), columns_(std::move(columns)) {}

  Index rows() const override { return n_; }
  Index cols() const override { return ix(columns_.size()); }
  std::shared_ptr<const Design> about(Vec center) const override {
    auto shifted = std::make_shared<Columns>(*this);
    shifted->shift_ = std::move(center);
    return shifted;
  }

  void correlate(ConstMatrix r, Matrix out, const Context& context) const override;
  void gather(std::span<const Index> columns, Matrix out) const override;
  void tile(Index begin, Index end, Matrix out) const override;
  Moments moments(std::span<const double> weights, const Context& context) const override;

 private:
  // What a kernel can read where it lies: contiguous float64 or float32
  enum class Kind { Doubles, Singles, Others };
  Kind kind(Index j) const;
  template <class T>
  std::vector<const T*> starts(Index from, Index to) const {
    std::vector<const T*> out;
    for (Index j = from; j < to; ++j) out.push_back(static_cast<const T*>(columns_[sz(j)].data));
    return out;
  }
  double shift_of(Index j) const { return shift_.empty() ? 0.0 : shift_[sz(j)]; }
  void copy_column(Index row, Index n, Index j, double* out) const;
  void copy_block(Index row, Index col, Matrix out) const;
  auto block_copier() const {
    return [this](Index row, Index col, Matrix out) { copy_block(row, col, out); };
  }

  Index n_;
  std::vector<Column> columns_;
  Vec shift_;
};

}  // namespace excise
