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
    inverse_.clear();
  }

  // Forgets the columns from `size` on.
  void truncate(Index size) {
    size_ = size;
    l_.resize(sz(size_ * (size_ + 1) / 2));
    inverse_.resize(sz(size_));
  }

  // Solves L x = g for the cross-products g of a new column with the present ones; returns the
  // squared pivot, diagonal - |x|^2: the squared distance of the column from their span.
  // The first `solved` entries of g are those of x already.
  double project(const double* g, double diagonal, Vec& x, Index solved = 0) const {
    x.assign(g, g + size_);
    forward(Matrix(x.data(), size_, 1), solved);
    return diagonal - kernels().dot(x.data(), x.data(), size_);
  }

  // Appends the column that `project` was asked about.
  void append(const Vec& x, double squared_pivot) {
    l_.insert(l_.end(), x.begin(), x.begin() + size_);
    l_.push_back(std::sqrt(squared_pivot));
    inverse_.push_back(1.0 / l_.back());
    ++size_;
  }

  // Appends columns up to `size`, many at a time: fill(k, from, to, out) writes the entries of
  // column k above the diagonal, from row `from` to row `to`, the diagonal one being row k. A
  // squared pivot is no less than the share `least` of the diagonal.
  template <class Fill>
  void extend(Index size, double least, const Fill& fill) {
    constexpr Index kAtOnce = 32;
    Vec room, entries, solved;
    while (size_ < size) {
      const Index first = size_, count = std::min(kAtOnce, size - first);
      room.resize(sz(first * count));
      for (Index k = 0; k < count; ++k) fill(first + k, Index{0}, first, room.data() + k * first);
      forward(Matrix(room.data(), first, count));
      for (Index k = 0; k < count; ++k) {
        const Index here = first + k;
        double diagonal = 0.0;
        entries.resize(sz(here));
        std::copy_n(room.begin() + k * first, first, entries.begin());
        fill(here, first, here, entries.data() + first);
        fill(here, here, here + 1, &diagonal);
        const double pivot = project(entries.data(), diagonal, solved, first);
        append(solved, diagonal > 0 ? std::max(pivot, least * diagonal) : 1.0);
      }
    }
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
      inverse_[sz(i - 1)] = 1.0 / h;
      double* target = row(i - 1);
      for (Index c = 0; c < i; ++c) target[c] = source[c];
    }
    --size_;
    l_.resize(sz(size_ * (size_ + 1) / 2));
    inverse_.resize(sz(size_));
  }

  // G := G + change e_k e_k'. False, and the columns from k on are forgotten, if that is not
  // positive definite, or so nearly not that digits would be lost (Gill, Golub, Murray, Saunders,
  // Mathematics of Computation 28, 1974).
  bool shift(Index k, double change) {
    constexpr double kLeast = 1e-3;  // of a squared pivot that must be left
    const double sign = change < 0 ? -1.0 : 1.0;
    if (ix(turns_.size()) < size_) turns_.resize(sz(size_));
    for (Index i = k; i < size_; ++i) {
      double* const l = row(i);
      double w = i == k ? std::sqrt(std::abs(change)) : 0.0;
      for (Index c = k; c < i; ++c) {
        const Turn& turn = turns_[sz(c)];
        l[c] = (l[c] + sign * turn.slope * w) * turn.shrink;
        w = turn.grow * w - turn.slope * l[c];
      }
      const double square = l[i] * l[i] + sign * w * w;
      if (!(square > kLeast * l[i] * l[i])) {
        truncate(k);
        return false;
      }
      const double pivot = std::sqrt(square);
      turns_[sz(i)] = {l[i] / pivot, pivot / l[i], w / l[i]};
      l[i] = pivot;
      inverse_[sz(i)] = 1.0 / pivot;
    }
    return true;
  }

  // X := L^{-1} X, a few rows of L at a time: each is read once for all columns. The first `from`
  // rows of X are solved already.
  void forward(Matrix x, Index from = 0) const {
    constexpr Index kRows = 4, kColumns = 32;
    for (Index lo = from; lo < size_; lo += kRows) {
      const Index m = std::min(kRows, size_ - lo);
      const double* rows[kRows];
      for (Index i = 0; i < m; ++i) rows[i] = row(lo + i);
      for (Index first = 0; first < x.cols; first += kColumns) {
        const Index cols = std::min(kColumns, x.cols - first);
        double products[kRows * kColumns] = {};
        kernels().scattered_f64(rows, lo, m, nullptr, x.column(first), x.stride, cols, products,
                                kRows);
        for (Index l = 0; l < cols; ++l)
          forward_block(rows, products + l * kRows, m, x.column(first + l) + lo, lo);
      }
    }
  }

  // x := G^{-1} x
  void solve(double* x) const {
    forward(Matrix(x, size_, 1));
    backward(x);
  }

  // x := L'^{-1} x, a few rows of L at a time
  void backward(double* x) const {
    constexpr Index kRows = 4;
    for (Index end = size_; end > 0; end -= std::min(kRows, end)) {
      const Index lo = std::max(Index{0}, end - kRows), m = end - lo;
      const double* rows[kRows];
      double minus[kRows];
      for (Index i = m - 1; i >= 0; --i) {
        const double* l = rows[i] = row(lo + i);
        x[lo + i] *= inverse_[sz(lo + i)];
        for (Index k = 0; k < i; ++k) x[lo + k] -= x[lo + i] * l[lo + k];
        minus[i] = -x[lo + i];
      }
      kernels().combine(rows, minus, m, lo, x);
    }
  }

 private:
  using Rotation = std::pair<double, double>;

  // Solves for x[0..m), given the products of those rows of L with what comes before
  void forward_block(const double* const* rows, const double* products, Index m, double* x,
                     Index lo) const {
    for (Index i = 0; i < m; ++i) {
      double rest = x[i] - products[i];
      for (Index k = 0; k < i; ++k) rest -= rows[i][lo + k] * x[k];
      x[i] = rest * inverse_[sz(lo + i)];
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
  Vec inverse_;  // of the pivots: each division would wait for the one before
  std::vector<Rotation> rotations_;
  struct Turn {
    double shrink, grow, slope;
  };
  std::vector<Turn> turns_;
};

}  // namespace excise
