#include "excise/solve/row_factor.hpp"

namespace excise {
namespace {

constexpr Index kPanel = 64;     // rows of K at a time
constexpr double kLeast = 1e-8;  // of a squared pivot: K is I and more, but for rounding

// D^{-1} = across I + (along - across) u u'
struct Inverse {
  double across, along;
  Inverse(const RowFactor::Part& part, double slack)
      : across(1.0 / (part.stiff + part.l2 + slack)), along(1.0 / (part.l2 + slack)) {}
};

}  // namespace

void RowFactor::clear(Index rows) {
  rows_ = rows;
  k_.assign(sz(rows * rows), 0.0);
  for (Index i = 0; i < rows; ++i) k_[sz(i + i * rows)] = 1.0;
  vectors_.clear();
  weights_.clear();
  factor_.clear();
}

void RowFactor::change(const Part& part, double share) {
  const Inverse d(part, kSlack);
  for (const double* z : part.columns) {
    vectors_.insert(vectors_.end(), z, z + rows_);
    weights_.push_back(share * d.across);
  }
  if (part.stiff == 0) return;
  vectors_.resize(vectors_.size() + sz(rows_));
  kernels().combine(part.columns.data(), part.u.data(), ix(part.columns.size()), rows_,
                    vectors_.data() + vectors_.size() - rows_);
  weights_.push_back(share * (d.along - d.across));
}

// The vectors are laid so that those of one row of K stand together, a panel of rows at a time.
void RowFactor::add_changes() {
  const Index m = changes(), n = rows_;
  turned_.resize(sz(m * n));
  weighted_.resize(sz(m * n));
  for (Index i = 0; i < n; ++i)
    for (Index k = 0; k < m; ++k) {
      const double v = vectors_[sz(i + k * n)];
      turned_[sz(k + i * m)] = v;
      weighted_[sz(k + i * m)] = weights_[sz(k)] * v;
    }
  for (Index lo = 0; lo < n; lo += kPanel) {
    const Index hi = std::min(n, lo + kPanel);
    kernels().columns_f64(turned_.data() + lo * m, m, m, hi - lo, nullptr,
                          weighted_.data() + lo * m, m, n - lo, k_.data() + lo + lo * n, n);
  }
  vectors_.clear();
  weights_.clear();
}

void RowFactor::factor() {
  if (changes() > 0) add_changes();
  factor_.clear();
  factor_.extend(rows_, kLeast, [&](Index k, Index from, Index to, double* out) {
    std::copy_n(k_.data() + from + k * rows_, to - from, out);
  });
}

void RowFactor::unbend(const Part& part, double slack, std::span<double> v) {
  const Inverse d(part, slack);
  double along = 0.0;
  for (std::size_t k = 0; k < v.size(); ++k) along += part.u[k] * v[k];
  for (std::size_t k = 0; k < v.size(); ++k)
    v[k] = d.across * v[k] + (d.along - d.across) * along * part.u[k];
}

}  // namespace excise
