// The smooth part of a small problem, |y - Z_W b|^2 / 2 over the columns of a working set W, in
// the two forms in which it can be held: the Gram matrix, or the packed columns.
#pragma once

#include <span>
#include <utility>

#include "excise/base/kernels.hpp"
#include "excise/design/pack.hpp"

namespace excise {

class Quadratic {
 public:
  virtual ~Quadratic() = default;
  virtual Index size() const = 0;
  // Columns come in runs of so many that are one column, each in rows of its own: see Outputs.
  virtual Index copies() const { return 1; }

  // The numbers of column j, in so many rows, where they are there; else null
  virtual const double* numbers(Index) const { return nullptr; }
  virtual Index rows() const { return 0; }

  // q_j = z_j'y
  virtual double target(Index j) const = 0;

  // g_k = z_j'z_k for k in `columns`
  virtual void cross(Index j, std::span<const Index> columns, double* g) const = 0;

  // g(k, l) = z_k'z_l for k in `columns`, l in `some`
  virtual void crosses(std::span<const Index> some, std::span<const Index> columns,
                       Matrix g) const {
    for (Index l = 0; l < g.cols; ++l) cross(some[sz(l)], columns, g.column(l));
  }

  // The squared distance of column j from the combination of `columns` with these coefficients,
  // where it can be told better than the Cholesky factor tells it; else -1. c[k] = z_k'rest for the
  // same columns.
  virtual double distance(Index, std::span<const Index>, std::span<const double>, double*) {
    return -1.0;
  }
  // Smallest squared pivot of an unpenalised unit column that is not rounding
  virtual double dependent() const = 0;

  // What correlations lose when coefficients move
  virtual void images(std::span<const Image> some) const = 0;

  // c = Z_W'(y - Z_A b); returns |y - Z_A b|^2. b[k] belongs to column support[k].
  virtual double gradient(std::span<const Index> support, std::span<const double> b, Vec& c) = 0;

  // c = -Z_W'Z_A b: how correlations move with coefficients
  virtual void moved(std::span<const Index> support, std::span<const double> b, Vec& c) = 0;
};

// G B for a symmetric G, in the rows that are named; B is zero in all others.
inline void products(ConstMatrix g, const std::vector<char>& named, ConstMatrix b, Matrix out) {
  Indices rows;
  std::vector<const double*> at;
  for (Index j = 0; j < g.cols; ++j) {
    if (!named[sz(j)]) continue;
    rows.push_back(j);
    at.push_back(g.column(j));
  }
  Vec made(rows.size() * sz(b.cols));
  kernels().scattered_f64(at.data(), g.rows, ix(rows.size()), nullptr, b.data, b.stride, b.cols,
                          made.data(), ix(rows.size()));
  for (Index l = 0; l < b.cols; ++l)
    for (std::size_t k = 0; k < rows.size(); ++k) out(rows[k], l) = made[k + sz(l) * rows.size()];
}

// Held as G = Z'Z, q = Z'y and y'y: no data are touched again.
class GramQuadratic final : public Quadratic {
 public:
  GramQuadratic(ConstMatrix gram, std::span<const double> q, double yy)
      : gram_(gram), q_(q), yy_(yy) {}

  // The same object for another problem
  void become(ConstMatrix gram, std::span<const double> q, double yy) {
    gram_ = gram;
    q_ = q;
    yy_ = yy;
  }

  Index size() const override { return gram_.cols; }
  double dependent() const override { return 1e-12; }
  double target(Index j) const override { return q_[sz(j)]; }
  void cross(Index j, std::span<const Index> columns, double* g) const override {
    const double* column = gram_.column(j);
    for (std::size_t k = 0; k < columns.size(); ++k) g[k] = column[columns[k]];
  }
  void images(std::span<const Image> some) const override {
    Index count = 0, at = 0;
    for (const Image& image : some) count += image.moves.cols;
    std::vector<char> named(sz(size()));
    Vec moves(sz(size() * count)), seen(moves.size());
    for (const Image& image : some)
      for (Index l = 0; l < image.moves.cols; ++l, ++at)
        for (std::size_t k = 0; k < image.columns.size(); ++k) {
          named[sz(image.columns[k])] = 1;
          moves[sz(image.columns[k] + at * size())] = image.moves(ix(k), l);
        }
    products(gram_, named, ConstMatrix(moves.data(), size(), count),
             Matrix(seen.data(), size(), count));
    at = 0;
    for (const Image& image : some)
      for (Index l = 0; l < image.moves.cols; ++l, ++at)
        for (std::size_t k = 0; k < image.columns.size(); ++k)
          image.out(ix(k), l) = seen[sz(image.columns[k] + at * size())];
  }
  double gradient(std::span<const Index> support, std::span<const double> b, Vec& c) override {
    c.assign(q_.begin(), q_.end());
    move(support, b, c);
    double fitted = 0.0;
    // |r|^2 = y'y - b'q - b'c
    for (std::size_t k = 0; k < support.size(); ++k)
      fitted += b[k] * (q_[sz(support[k])] + c[sz(support[k])]);
    return yy_ > fitted ? yy_ - fitted : 0.0;
  }
  void moved(std::span<const Index> support, std::span<const double> b, Vec& c) override {
    c.assign(q_.size(), 0.0);
    move(support, b, c);
  }

 private:
  // c -= G_WA b
  void move(std::span<const Index> support, std::span<const double> b, Vec& c) {
    columns_.resize(support.size());
    minus_b_.resize(support.size());
    for (std::size_t k = 0; k < support.size(); ++k) {
      columns_[k] = gram_.column(support[k]);
      minus_b_[k] = -b[k];
    }
    kernels().combine(columns_.data(), minus_b_.data(), ix(support.size()), size(), c.data());
  }

  ConstMatrix gram_;
  std::span<const double> q_;
  double yy_;
  std::vector<const double*> columns_;
  Vec minus_b_;
};

// Held as packed columns of length n, with the residual of the last gradient.
class ColumnsQuadratic final : public Quadratic {
 public:
  ColumnsQuadratic(std::span<const double> y, std::unique_ptr<Pack> pack)
      : y_(y), pack_(std::move(pack)), residual_(y.begin(), y.end()) {}

  Index size() const override { return ix(target_.size()); }
  Index copies() const override { return pack_->copies(); }
  const double* numbers(Index j) const override { return pack_->numbers(j); }
  Index rows() const override { return ix(y_.size()); }
  double dependent() const override { return 1e-20; }
  double target(Index j) const override { return target_[sz(j)]; }
  const Vec& residual() const { return residual_; }

  // Appends columns of the design.
  void add(std::span<const Index> columns) {
    const Index old = size();
    pack_->add(columns);
    target_.resize(sz(pack_->size()));
    correlate(old, y_.data(), target_.data() + old);
  }
  // Keeps the columns `kept` (rising) alone, in that order.
  void keep(std::span<const Index> kept) {
    pack_->keep(kept);
    for (std::size_t k = 0; k < kept.size(); ++k) target_[k] = target_[sz(kept[k])];
    target_.resize(kept.size());
  }

  void cross(Index j, std::span<const Index> columns, double* g) const override {
    pack_->cross(j, columns, g);
  }
  void crosses(std::span<const Index> some, std::span<const Index> columns,
               Matrix g) const override {
    pack_->crosses(some, columns, g);
  }
  void images(std::span<const Image> some) const override { pack_->images(some); }
  double distance(Index j, std::span<const Index> columns, std::span<const double> b,
                  double* c) override {
    constexpr double kOnce = -1.0;
    Vec rest(y_.size());
    pack_->subtract(std::span(&j, 1), &kOnce, rest.data(), kAlone);
    pack_->subtract(columns, b.data(), rest.data(), kAlone);
    Vec all(sz(size()));
    correlate(0, rest.data(), all.data());
    for (std::size_t k = 0; k < columns.size(); ++k) c[k] = all[sz(columns[k])];
    return kernels().dot(rest.data(), rest.data(), ix(rest.size()));
  }
  double gradient(std::span<const Index> support, std::span<const double> b, Vec& c) override {
    residual_.assign(y_.begin(), y_.end());
    pack_->subtract(support, b.data(), residual_.data(), kAlone);
    c.resize(sz(size()));
    correlate(0, residual_.data(), c.data());
    return kernels().dot(residual_.data(), residual_.data(), ix(residual_.size()));
  }
  void moved(std::span<const Index> support, std::span<const double> b, Vec& c) override {
    move_.assign(y_.size(), 0.0);
    pack_->subtract(support, b.data(), move_.data(), kAlone);
    c.resize(sz(size()));
    correlate(0, move_.data(), c.data());
  }

 private:
  void correlate(Index first, const double* v, double* c) const {
    const Index count = pack_->size() - first;
    pack_->correlate(first, ConstMatrix(v, ix(y_.size()), 1), Matrix(c, count, 1), kAlone);
  }

  std::span<const double> y_;
  std::unique_ptr<Pack> pack_;
  Vec target_, residual_, move_;
};

}  // namespace excise
