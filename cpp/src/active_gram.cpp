#include "excise/solve/active_gram.hpp"

#include <algorithm>

namespace excise {
namespace {

constexpr Index kWhole = 256;  // columns of a Gram matrix that stays in cache

// The first of each run
Indices firsts(std::span<const Index> places, Index copies) {
  Indices out;
  for (std::size_t k = 0; k < places.size(); k += sz(copies)) out.push_back(places[k]);
  return out;
}

}  // namespace

void apart(const Vec& v, Index copies, Vec& columns) {
  const std::size_t runs = v.size() / sz(copies);
  columns.resize(v.size());
  for (std::size_t k = 0; k < sz(copies); ++k)
    for (std::size_t i = 0; i < runs; ++i) columns[i + k * runs] = v[i * sz(copies) + k];
}

void together(const Vec& columns, Index copies, Vec& v) {
  const std::size_t runs = columns.size() / sz(copies);
  v.resize(columns.size());
  for (std::size_t k = 0; k < sz(copies); ++k)
    for (std::size_t i = 0; i < runs; ++i) v[i * sz(copies) + k] = columns[i + k * runs];
}

void ActiveGram::append(const Quadratic& quadratic, std::span<const Index> active,
                        std::span<const Index> fresh) {
  Indices all = firsts(active, copies_);
  const Indices more = firsts(fresh, copies_);
  const Index old = size_;
  all.insert(all.end(), more.begin(), more.end());
  size_ = ix(all.size());
  if (size_ > stride_) {
    const Index wider = size_ + size_ / 2;
    Vec moved(sz(wider * wider));
    for (Index k = 0; k < old; ++k) std::copy_n(unit(k), old, moved.data() + k * wider);
    g_ = std::move(moved);
    stride_ = wider;
  }
  quadratic.crosses(more, all, {g_.data() + old * stride_, size_, size_ - old, stride_});
  for (Index k = old; k < size_; ++k)
    for (Index i = 0; i < old; ++i) g_[sz(k + i * stride_)] = g_[sz(i + k * stride_)];
}

void ActiveGram::remove(Index first, Index count) {
  first /= copies_;
  count /= copies_;
  size_ -= count;
  for (Index k = 0; k < size_; ++k) {
    const double* const from = unit(k < first ? k : k + count);
    double* const to = g_.data() + k * stride_;
    if (to != from) std::copy_n(from, first, to);
    std::copy(from + first + count, from + size_ + count, to + first);
  }
}

void ActiveGram::multiply(const Vec& v, Vec& out) {
  out.assign(sz(size_ * copies_), 0.0);
  if (size_ == 0) return;
  const auto product = [&](const double* in, double* made) {
    kernels().columns_f64(g_.data(), stride_, size_, size_, nullptr, in, size_, copies_, made,
                          size_);
  };
  if (copies_ == 1) return size_ > kWhole ? multiply_half(v, out) : product(v.data(), out.data());
  apart(v, copies_, by_output_);
  products_.assign(v.size(), 0.0);
  product(by_output_.data(), products_.data());
  together(products_, copies_, out);
}

// G is symmetric, and large: what lies below the diagonal is read, a few columns at a time, for
// both halves.
void ActiveGram::multiply_half(const Vec& v, Vec& out) const {
  constexpr Index kColumns = 32;
  const double* columns[kColumns];
  for (Index lo = 0; lo < size_; lo += kColumns) {
    const Index count = std::min(kColumns, size_ - lo), hi = lo + count;
    for (Index k = 0; k < count; ++k) columns[k] = unit(lo + k) + lo;
    kernels().scattered_f64(columns, size_ - lo, count, nullptr, v.data() + lo, size_, 1,
                            out.data() + lo, size_);
    for (Index k = 0; k < count; ++k) columns[k] += count;
    kernels().combine(columns, v.data() + lo, count, size_ - hi, out.data() + hi);
  }
}

void ActiveGram::add(double a, Index first, std::span<const double> some, Vec& out) const {
  for (std::size_t l = 0; l < some.size(); ++l) {
    const Index place = first + ix(l);
    const double* const column = unit(place / copies_);
    if (copies_ == 1) {
      kernels().axpy(a * some[l], column, out.data(), size_);
      continue;
    }
    for (Index i = 0; i < size_; ++i)
      out[sz(i * copies_ + place % copies_)] += a * some[l] * column[i];
  }
}

ConstMatrix ActiveGram::block(Index first, Index count) {
  if (copies_ == 1) return {unit(first) + first, count, count, stride_};
  block_.assign(sz(count * count), 0.0);
  for (Index i = 0; i < count; ++i)
    for (Index k = i % copies_; k < count; k += copies_)
      block_[sz(i + k * count)] = unit((first + k) / copies_)[(first + i) / copies_];
  return {block_.data(), count, count};
}

}  // namespace excise
