#include "excise/solve/rough_gram.hpp"

#include <algorithm>
#include <cmath>

#include "excise/base/single_kernels.hpp"

namespace excise {

void RoughGram::reserve(Index size) {
  if (size <= stride_) return;
  stride_ = (size + size / 2 + kLine - 1) / kLine * kLine;
  g_.assign(sz(stride_ * stride_ / kLine), {});
  held_ = 0;
}

void RoughGram::copy(const double* from, Index k, Index size) {
  const Index end = std::min(size, (k / kTogether + 1) * kTogether);
  float* const to = column(k);
  for (Index i = 0; i < end; ++i) to[i] = static_cast<float>(from[i]);
}

// G is symmetric: a few columns at a time, down to the end of their block, for both halves; v is
// scaled, so that it is within the range of single precision.
void RoughGram::multiply(const Vec& v, Vec& out) {
  out.assign(v.size(), 0.0);
  double most = 0.0;
  for (const double value : v) most = std::max(most, std::abs(value));
  if (!(most > 0)) return;
  v_.resize(v.size());
  for (std::size_t k = 0; k < v.size(); ++k) v_[k] = static_cast<float>(v[k] / most);
  out_.assign(v.size(), 0.0f);
  const Index size = ix(v.size());
  const float* columns[std::size_t{kTogether}];
  float seen[std::size_t{kTogether}];
  for (Index lo = 0; lo < size; lo += kTogether) {
    const Index count = std::min(kTogether, size - lo);
    for (Index k = 0; k < count; ++k) columns[k] = column(lo + k);
    single_kernels().products(columns, lo + count, count, v_.data(), size, 1, seen, kTogether);
    for (Index k = 0; k < count; ++k) out_[sz(lo + k)] += seen[k];
    single_kernels().combine(columns, v_.data() + lo, count, lo, out_.data());
  }
  for (std::size_t k = 0; k < v.size(); ++k) out[k] = most * static_cast<double>(out_[k]);
}

}  // namespace excise
