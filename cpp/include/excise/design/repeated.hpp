// Columns of a design in any order and as often as wanted, never copied: place[j] is the column of
// the base that stands at j. Every column of the base stands somewhere.
#pragma once

#include <utility>

#include "excise/design/design.hpp"

namespace excise {

class Repeated final : public Design {
 public:
  Repeated(std::shared_ptr<const Design> base, Indices place);

  Index rows() const override { return base_->rows(); }
  Index cols() const override { return ix(place_.size()); }
  Index stored() const override { return base_->stored(); }
  bool tiles_cheaply() const override { return false; }
  bool streamed() const override { return base_->streamed(); }
  std::shared_ptr<const Design> about(Vec center) const override;

  void correlate(ConstMatrix r, Matrix out, const Context& context) const override;
  void gather(std::span<const Index> columns, Matrix out) const override;
  void tile(Index begin, Index end, Matrix out) const override;
  Moments moments(std::span<const double> weights, const Context& context) const override;
  void predict(std::span<const Index> columns, const double* b, double* out) const override;

 private:
  Indices of(std::span<const Index> columns) const;

  std::shared_ptr<const Design> base_;
  Indices place_;
};

}  // namespace excise
