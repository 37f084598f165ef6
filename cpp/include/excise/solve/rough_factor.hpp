// Cholesky factor in single precision, for a preconditioner of many columns: half the time.
#pragma once

#include <utility>

#include "excise/base/types.hpp"

namespace excise {

// L L' = H; row i of L begins at i times a stride, on a cache line.
class RoughFactor {
 public:
  Index size() const { return size_; }
  void clear() { size_ = 0; }
  void truncate(Index size) { size_ = size; }

  // As Cholesky's; false, and the factor is empty, where a squared pivot has too few digits left.
  template <class Fill>
  bool extend(Index size, const Fill& fill) {
    reserve(size);
    while (size_ < size) {
      const Index first = size_, count = std::min(kAtOnce, size - first);
      for (Index k = first; k < first + count; ++k) {
        entries_.resize(sz(k + 1));
        fill(k, Index{0}, k + 1, entries_.data());
        float* const out = row(k);
        for (Index i = 0; i <= k; ++i) out[i] = static_cast<float>(entries_[sz(i)]);
      }
      if (!append(count)) {
        clear();
        return false;
      }
    }
    return true;
  }

  // Deletes column k, as Cholesky does.
  void remove(Index k);

  // v := H^{-1} v
  void solve(std::span<double> v);

 private:
  static constexpr Index kAtOnce = 64, kRows = 4, kLine = 16;
  struct alignas(kLine * sizeof(float)) Line {
    float at[std::size_t{kLine}];
  };

  float* row(Index i) { return l_.data()->at + i * stride_; }
  void reserve(Index size);
  bool append(Index count);
  void forward(Index from, Index to, float* x, Index stride, Index count);
  void backward(float* x);

  Index size_ = 0, stride_ = 0;
  std::vector<Line> l_;
  std::vector<float> inverse_, v_;  // of the pivots
  std::vector<std::pair<float, float>> rotations_;
  Vec entries_;
};

}  // namespace excise
