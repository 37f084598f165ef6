// Cholesky factor of the Gram matrix of the active columns, grown and shrunk one column at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "excise/base/kernels.hpp"

namespace excise {

// L L' = G, rows of L packed one after the other (row i has i + 1 entries).
class Cholesky {
 public:
  Index size() const { return size_; }
  void clear() {
    size_ = 0;
    l_.clear();
  }

  // Solves L x = g for the cross-products g of a new column with the present ones; returns the
  // squared pivot, diagonal - |x|^2: the squared distance of the column from their span.
  // The first `solved` entries of g are those of x already.
  double project(const double* g, double diagonal, Vec& x, Index solved = 0) const {
    x.assign(g, g + size_);
    forward(x.data(), solved);
    return diagonal - kernels().dot(x.data(), x.data(), size_);
  }

  // Appends the column that `project` was asked about.
  void append(const Vec& x, double squared_pivot) {
    l_.insert(l_.end(), x.begin(), x.begin() + size_);
    l_.push_back(std::sqrt(squared_pivot));
    ++size_;
  }

  // Deletes column k: the rows below move up and Givens rotations make them triangular again.
  void remove(Index k) {
    for (Index i = k + 1; i < size_; ++i) {
      double* source = row(i);
      for (Index c = k; c < i - 1; ++c) rotate(rotations_[sz(c)], source[c], source[c + 1]);
      const double a = source[i - 1], b = source[i], h = std::hypot(a, b);
      if (ix(rotations_.size()) < size_) rotations_.resize(sz(size_));
      rotations_[sz(i - 1)] = {a / h, b / h};
      source[i - 1] = h;
      double* target = row(i - 1);
      for (Index c = 0; c < i; ++c) target[c] = source[c];
    }
    --size_;
    l_.resize(sz(size_ * (size_ + 1) / 2));
  }

  // X := L^{-1} X, a few rows of L at a time: each is read once for all columns.
  void forward(Matrix x) const {
    constexpr Index kRows = 32;
    if (size_ <= kRows) {
      for (Index l = 0; l < x.cols; ++l) forward(x.column(l));
      return;
    }
    std::vector<const double*> rows(sz(std::min(kRows, size_)));
    Vec products(rows.size() * sz(x.cols));
    for (Index lo = 0; lo < size_; lo += kRows) {
      const Index m = std::min(kRows, size_ - lo);
      for (Index i = 0; i < m; ++i) rows[sz(i)] = row(lo + i);
      std::fill(products.begin(), products.end(), 0.0);
      kernels().scattered_f64(rows.data(), lo, m, nullptr, x.data, x.stride, x.cols,
                              products.data(), m);
      for (Index l = 0; l < x.cols; ++l)
        for (Index i = 0; i < m; ++i) {
          const double rest = kernels().dot(rows[sz(i)] + lo, x.column(l) + lo, i);
          double& value = x(lo + i, l);
          value = (value - products[sz(i + l * m)] - rest) / rows[sz(i)][lo + i];
        }
    }
  }

  // x := G^{-1} x
  void solve(double* x) const {
    forward(x);
    backward(x);
  }

  // x := L'^{-1} x
  void backward(double* x) const {
    for (Index i = size_ - 1; i >= 0; --i) {
      const double* l = row(i);
      x[i] /= l[i];
      kernels().axpy(-x[i], l, x, i);
    }
  }

 private:
  using Rotation = std::pair<double, double>;

  void forward(double* x, Index from = 0) const {
    for (Index i = from; i < size_; ++i) {
      const double* l = row(i);
      x[i] = (x[i] - kernels().dot(l, x, i)) / l[i];
    }
  }
  static void rotate(const Rotation& g, double& a, double& b) {
    const double t = g.first * a + g.second * b;
    b = g.first * b - g.second * a;
    a = t;
  }
  double* row(Index i) { return l_.data() + i * (i + 1) / 2; }
  const double* row(Index i) const { return l_.data() + i * (i + 1) / 2; }

  Index size_ = 0;
  Vec l_;
  std::vector<Rotation> rotations_;
};

}  // namespace excise
