// A copy in single precision of a Gram matrix of many columns, to multiply by: half the bytes.
#pragma once

#include "excise/base/types.hpp"

namespace excise {

class RoughGram {
 public:
  // What it holds of columns from `first` on is no longer so.
  void forget(Index first) { held_ = std::min(held_, first); }

  // out = G v; `column` says where a column of the exact G begins. Columns that are new, or were
  // forgotten, are copied first.
  template <class Column>
  void multiply(Index size, const Column& column, const Vec& v, Vec& out) {
    reserve(size);
    if (held_ != size) {
      for (Index k = std::min(held_, size) / kTogether * kTogether; k < size; ++k)
        copy(column(k), k, size);
      held_ = size;
    }
    multiply(v, out);
  }

 private:
  static constexpr Index kTogether = 32, kLine = 16;
  struct alignas(kLine * sizeof(float)) Line {
    float at[std::size_t{kLine}];
  };
  float* column(Index k) { return g_.data()->at + k * stride_; }
  void reserve(Index size);
  void copy(const double* from, Index k, Index size);
  void multiply(const Vec& v, Vec& out);

  Index held_ = 0, stride_ = 0;
  std::vector<Line> g_;  // of each column what stands above the end of its block
  std::vector<float> v_, out_;
};

}  // namespace excise
