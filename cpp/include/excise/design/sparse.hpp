// Compressed sparse tables, by columns (CSC) or by rows (CSR), read where they lie: values of
// float32 or float64, indices of 32 or 64 bits. Only the offsets are copied, as they are checked.
//
// Entries that are not stored are zeros: they count in moments, and cost nothing elsewhere.
#pragma once

#include "excise/design/design.hpp"

namespace excise {

// Some columns of a sparse table: rows (rising) and values of their entries, column after column.
struct Entries {
  Indices start{0};
  std::vector<std::int32_t> rows;
  Vec values;
  Index columns() const { return ix(start.size()) - 1; }
};

class Sparse : public Design {
 public:
  Index stored() const override { return stored_; }
  const Sparse* sparse() const override { return this; }

  // Appends the entries of these columns.
  virtual void entries(std::span<const Index> columns, Entries& out) const = 0;

 protected:
  Index stored_ = 0;
};

// The caller's arrays, and a copy of the offsets: one more than there are columns (CSC) or rows.
template <class T, class I>
struct Compressed {
  const T* values;
  const I* minor;  // rows (CSC) or columns (CSR) of the entries
  Index n_values, n_minor;
  Indices starts;
};

// Whether the indices of every column (or row) rise strictly: nothing is unsorted then, and
// nothing stored twice. Throws std::invalid_argument where the structure is corrupt, naming what.
template <class I>
bool is_canonical(const I* minor, Index n_minor, Index n_values, const Indices& starts, Index n,
                  Index p, bool by_rows);

template <class T, class I>
class SparseByColumns final : public Sparse {
 public:
  SparseByColumns(Compressed<T, I> arrays, Index n, Index p);

  Index rows() const override { return n_; }
  Index cols() const override { return ix(start_.size()) - 1; }
  void correlate(ConstMatrix r, Matrix out, const Context& context) const override;
  void gather(std::span<const Index> columns, Matrix out) const override;
  void tile(Index begin, Index end, Matrix out) const override;
  Moments moments(std::span<const double> weights, const Context& context) const override;
  void predict(std::span<const Index> columns, const double* b, double* out) const override;
  void entries(std::span<const Index> columns, Entries& out) const override;

 private:
  const T* x_;
  const I* row_;
  Index n_;
  Indices start_;
};

// By rows, X'R is a sum of scattered rows. The columns are cut into ranges of about equal numbers
// of entries, for threads to share; where each row enters each range is remembered. Every sum runs
// over the rows in order, whatever the ranges. (More ranges than threads are no faster: sums that
// stay in cache gain less than short pieces of rows lose.)
template <class T, class I>
class SparseByRows final : public Sparse {
 public:
  SparseByRows(Compressed<T, I> arrays, Index n, Index p);

  Index rows() const override { return ix(start_.size()) - 1; }
  Index cols() const override { return p_; }
  void correlate(ConstMatrix r, Matrix out, const Context& context) const override;
  void gather(std::span<const Index> columns, Matrix out) const override;
  void tile(Index begin, Index end, Matrix out) const override;
  Moments moments(std::span<const double> weights, const Context& context) const override;
  void predict(std::span<const Index> columns, const double* b, double* out) const override;
  void entries(std::span<const Index> columns, Entries& out) const override;

 private:
  Index ranges() const { return ix(bound_.size()) - 1; }
  void cut_into_ranges();
  // How many ranges a thread takes at a time
  Index together(const Context& context) const {
    const Index parts = context.n_threads < 2 ? 2 : context.n_threads;
    return (ranges() + parts - 1) / parts;
  }
  // The entries of row i in range c
  Index enter(Index i, Index c) const {
    return start_[sz(i)] + (c == 0 ? 0 : offset_[sz(i * (ranges() - 1) + c - 1)]);
  }
  Index leave(Index i, Index c) const {
    return c + 1 == ranges() ? start_[sz(i + 1)] : enter(i, c + 1);
  }
  template <int K>
  void scatter(Index from, Index to, const double* r, Matrix out) const;

  const T* x_;
  const I* column_;
  Index p_;
  Indices start_, bound_;              // of rows; of ranges of columns
  std::vector<std::uint32_t> offset_;  // where row i enters range c, behind its start
};

extern template class SparseByColumns<float, std::int32_t>;
extern template class SparseByColumns<float, std::int64_t>;
extern template class SparseByColumns<double, std::int32_t>;
extern template class SparseByColumns<double, std::int64_t>;
extern template class SparseByRows<float, std::int32_t>;
extern template class SparseByRows<float, std::int64_t>;
extern template class SparseByRows<double, std::int32_t>;
extern template class SparseByRows<double, std::int64_t>;

}  // namespace excise
