// The columns of a working set, copied out of a Design into the form that its storage multiplies
// fastest: dense columns here, compressed ones for a sparse table.
#pragma once

#include <algorithm>
#include <memory>

#include "excise/base/kernels.hpp"
#include "excise/design/design.hpp"

namespace excise {

// H, symmetric, between the columns of a Gram matrix Z'H Z.
struct Bends {
  std::function<void(double*)> multiply;  // makes H v of v
  // Where rows are those of several outputs, one after the other, and only outputs of one row are
  // coupled: the diagonal of H, and f with H(k, m) = -f_k f_m between outputs k and m of a row.
  // Empty: H is of no such kind.
  std::span<const double> diagonal = {}, products = {};
};

// out = Z_A'Z_A M for some columns A and moves M of their coefficients: what correlations lose when
// coefficients move.
struct Image {
  std::span<const Index> columns;
  ConstMatrix moves;
  Matrix out;
};

// Columns are named by their place in the pack. A pack does not outlive the Design it is of.
class Pack {
 public:
  virtual ~Pack() = default;
  virtual Index rows() const = 0;
  virtual Index size() const = 0;
  // Columns come in runs of so many that are one column, each in rows of its own: see Outputs.
  virtual Index copies() const { return 1; }

  // Appends these columns of the design.
  virtual void add(std::span<const Index> columns) = 0;
  // Keeps the columns `kept` (rising) alone, in that order.
  virtual void keep(std::span<const Index> kept) = 0;

  // g_k = z_j'z_k for k in `columns`
  virtual void cross(Index j, std::span<const Index> columns, double* g) const = 0;
  // g(k, l) = z_k'z_l for k in `columns`, l in `some`
  virtual void crosses(std::span<const Index> some, std::span<const Index> columns,
                       Matrix g) const {
    for (Index l = 0; l < g.cols; ++l) cross(some[sz(l)], columns, g.column(l));
  }
  // C = Z'V for the columns from `first` on
  virtual void correlate(Index first, ConstMatrix v, Matrix c, const Context& context) const = 0;
  // v -= Z_A b
  virtual void subtract(std::span<const Index> columns, const double* b, double* v,
                        const Context& context) const = 0;
  // v = Z_A b; turn(begin, end) makes r of v, rows from begin to end; C = Z'r of all columns. Where
  // rows may be turned a few at a time (`by_rows`), the columns are read once.
  virtual void sweep(std::span<const Index> columns, const double* b, double* v,
                     const std::function<void(Index, Index)>& turn, bool by_rows, const double* r,
                     double* c, const Context& context) const;
  // Several images at once: columns that they share are read once.
  virtual void images(std::span<const Image> some) const;
  // G = Z'H Z_new for the columns `new` from `first` on
  virtual void bent_gram(const Bends& h, Index first, Matrix g, const Context& context) const;
  // The same for H = diag(h)
  virtual void weighted_gram(std::span<const double> h, Index first, Matrix g,
                             const Context& context) const;
  // The numbers of column j, where they lie dense; else null
  virtual const double* numbers(Index) const { return nullptr; }
  // out = the rows from `begin` on of these columns; false: they do not lie dense, nothing is done
  virtual bool tile(Index, std::span<const Index>, Matrix) const { return false; }
};

// Images under columns that lie dense, a few rows after a few rows: at[m] tells where the columns
// of the m-th begin. turn(m, begin, e) makes of e = X_A M, rows from `begin` on, what the columns
// are to see.
void images_by_rows(std::span<const Image> some, const std::vector<std::vector<const double*>>& at,
                    Index n, const std::function<void(std::size_t, Index, Matrix)>& turn);

// Dense columns, one after the other.
class DensePack final : public Pack {
 public:
  explicit DensePack(const Design& design) : design_(design), n_(design.rows()) {}

  Index rows() const override { return n_; }
  Index size() const override { return size_; }
  void add(std::span<const Index> columns) override {
    const Index count = ix(columns.size());
    z_.resize(sz((size_ + count) * n_));
    design_.gather(columns, Matrix(z_.data() + size_ * n_, n_, count));
    size_ += count;
  }
  void keep(std::span<const Index> kept) override {
    for (Index k = 0; k < ix(kept.size()); ++k)
      if (kept[sz(k)] != k) std::copy_n(column(kept[sz(k)]), n_, z_.begin() + k * n_);
    size_ = ix(kept.size());
    z_.resize(sz(size_ * n_));
  }
  void cross(Index j, std::span<const Index> columns, double* g) const override {
    for (std::size_t k = 0; k < columns.size(); ++k)
      g[k] = kernels().dot(column(j), column(columns[k]), n_);
  }
  void crosses(std::span<const Index> some, std::span<const Index> columns,
               Matrix g) const override {
    std::vector<const double*> at(columns.size());
    for (std::size_t k = 0; k < columns.size(); ++k) at[k] = column(columns[k]);
    Vec packed(some.size() * sz(n_));
    for (std::size_t l = 0; l < some.size(); ++l)
      std::copy_n(column(some[l]), n_, packed.begin() + ix(l) * n_);
    for (Index l = 0; l < g.cols; ++l) std::fill_n(g.column(l), g.rows, 0.0);
    kernels().scattered_f64(at.data(), n_, g.rows, nullptr, packed.data(), n_, g.cols, g.data,
                            g.stride);
  }
  void correlate(Index first, ConstMatrix v, Matrix c, const Context& context) const override {
    constexpr Index kColumns = 16;
    const Index count = size_ - first;
    parallel_for(context, count, kColumns, static_cast<double>(n_ * count * v.cols),
                 [&](Index lo, Index hi) {
                   for (Index l = 0; l < v.cols; ++l)
                     std::fill(&c(lo, l), &c(lo, l) + hi - lo, 0.0);
                   kernels().columns_f64(column(first + lo), n_, n_, hi - lo, nullptr, v.data,
                                         v.stride, v.cols, &c(lo, 0), c.stride);
                 });
  }
  void subtract(std::span<const Index> columns, const double* b, double* v,
                const Context& context) const override {
    constexpr Index kRows = 4096;
    Vec minus(columns.size());
    for (std::size_t k = 0; k < minus.size(); ++k) minus[k] = -b[k];
    parallel_for(context, n_, kRows, static_cast<double>(n_ * ix(columns.size())),
                 [&](Index begin, Index end) { add_to(columns, minus.data(), begin, end, v); });
  }
  const double* numbers(Index j) const override { return column(j); }
  void sweep(std::span<const Index> columns, const double* b, double* v,
             const std::function<void(Index, Index)>& turn, bool by_rows, const double* r,
             double* c, const Context& context) const override;
  void images(std::span<const Image> some) const override;
  void weighted_gram(std::span<const double> h, Index first, Matrix g,
                     const Context& context) const override;
  bool tile(Index begin, std::span<const Index> columns, Matrix out) const override {
    for (Index k = 0; k < out.cols; ++k)
      std::copy_n(column(columns[sz(k)]) + begin, out.rows, out.column(k));
    return true;
  }

 private:
  void add_to(std::span<const Index> columns, const double* b, Index begin, Index end,
              double* v) const;

  const double* column(Index j) const { return z_.data() + j * n_; }

  const Design& design_;
  Index n_, size_ = 0;
  Vec z_;
};

}  // namespace excise
