#include "excise/solve/rough_factor.hpp"

#include <algorithm>
#include <cmath>

#include "excise/base/single_kernels.hpp"

namespace excise {
namespace {

constexpr float kLeast = 2e-6f;  // share of the diagonal that must be left of a squared pivot

}  // namespace

void RoughFactor::reserve(Index size) {
  inverse_.resize(std::max(inverse_.size(), sz(size)));
  if (size <= stride_) return;
  const Index wider = (size + size / 4 + kLine - 1) / kLine * kLine;
  std::vector<Line> moved(sz(wider * wider / kLine));
  for (Index i = 0; i < size_; ++i) std::copy_n(row(i), i + 1, moved.data()->at + i * wider);
  l_ = std::move(moved);
  stride_ = wider;
}

// Rows `from` to `to` of L x = b for `count` vectors x, of which what comes before is solved
void RoughFactor::forward(Index from, Index to, float* x, Index stride, Index count) {
  for (Index lo = from; lo < to; lo += kRows) {
    const Index m = std::min(kRows, to - lo);
    const float* rows[std::size_t{kRows}];
    for (Index i = 0; i < m; ++i) rows[i] = row(lo + i);
    float products[std::size_t{kRows * kAtOnce}];
    single_kernels().products(rows, lo, m, x, stride, count, products, kRows);
    for (Index l = 0; l < count; ++l) {
      float* const out = x + l * stride + lo;
      for (Index i = 0; i < m; ++i) {
        float rest = out[i] - products[l * kRows + i];
        for (Index k = 0; k < i; ++k) rest -= rows[i][lo + k] * out[k];
        out[i] = rest * inverse_[sz(lo + i)];
      }
    }
  }
}

// The next rows, which hold those of H, become those of L.
bool RoughFactor::append(Index count) {
  const Index first = size_;
  forward(0, first, row(first), stride_, count);
  for (Index k = 0; k < count; ++k) {
    float* const out = row(first + k);
    forward(first, first + k, out, stride_, 1);
    const float* const self = out;
    float square = 0.0f;
    single_kernels().products(&self, first + k, 1, out, stride_, 1, &square, 1);
    float& diagonal = out[first + k];
    const float pivot = diagonal - square;
    if (!(pivot > kLeast * diagonal) || !std::isfinite(pivot)) return false;
    diagonal = std::sqrt(pivot);
    inverse_[sz(first + k)] = 1.0f / diagonal;
    ++size_;
  }
  return true;
}

void RoughFactor::remove(Index k) {
  rotations_.resize(sz(size_));
  for (Index i = k + 1; i < size_; ++i) {
    float* const source = row(i);
    for (Index c = k; c < i - 1; ++c) {
      const auto [cosine, sine] = rotations_[sz(c)];
      const float a = source[c], b = source[c + 1];
      source[c] = cosine * a + sine * b;
      source[c + 1] = cosine * b - sine * a;
    }
    const float a = source[i - 1], b = source[i], h = std::hypot(a, b);
    rotations_[sz(i - 1)] = {a / h, b / h};
    source[i - 1] = h;
    inverse_[sz(i - 1)] = 1.0f / h;
    std::copy_n(source, i, row(i - 1));
  }
  --size_;
}

void RoughFactor::backward(float* x) {
  constexpr Index kMany = 8;
  for (Index end = size_; end > 0; end -= std::min(kMany, end)) {
    const Index lo = std::max(Index{0}, end - kMany), m = end - lo;
    const float* rows[std::size_t{kMany}];
    float minus[std::size_t{kMany}];
    for (Index i = m - 1; i >= 0; --i) {
      const float* const l = rows[i] = row(lo + i);
      x[lo + i] *= inverse_[sz(lo + i)];
      for (Index k = 0; k < i; ++k) x[lo + k] -= x[lo + i] * l[lo + k];
      minus[i] = -x[lo + i];
    }
    single_kernels().combine(rows, minus, m, lo, x);
  }
}

// Scaled, so that it is within the range of single precision
void RoughFactor::solve(std::span<double> v) {
  double most = 0.0;
  for (const double value : v) most = std::max(most, std::abs(value));
  if (!(most > 0)) return;
  v_.resize(v.size());
  for (std::size_t k = 0; k < v.size(); ++k) v_[k] = static_cast<float>(v[k] / most);
  forward(0, size_, v_.data(), ix(v_.size()), 1);
  backward(v_.data());
  for (std::size_t k = 0; k < v.size(); ++k) v[k] = most * static_cast<double>(v_[k]);
}

}  // namespace excise
