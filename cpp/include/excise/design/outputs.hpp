// Several outputs that share the columns of one design: I_K (x) Z, never made.
//
// Rows are output after output, n of them each. Column j * K + k is z_j in output k and zero
// elsewhere; after these come the intercepts, the roots of the weights in one output each.
#pragma once

#include "excise/design/pack.hpp"

namespace excise {

class Outputs final : public Design {
 public:
  // `root`: what a constant is on the rows of `inner`; `intercepts`: the outputs that have one
  Outputs(std::shared_ptr<const Design> inner, Vec root, Index outputs, Indices intercepts)
      : inner_(std::move(inner)),
        root_(std::move(root)),
        outputs_(outputs),
        intercepts_(std::move(intercepts)) {}

  Index rows() const override { return inner_->rows() * outputs_; }
  Index cols() const override { return features() + ix(intercepts_.size()); }
  Index stored() const override { return inner_->stored() * outputs_; }
  bool tiles_cheaply() const override { return false; }
  std::unique_ptr<Pack> pack() const override;

  void correlate(ConstMatrix r, Matrix out, const Context& context) const override;
  void gather(std::span<const Index> columns, Matrix out) const override;
  void tile(Index begin, Index end, Matrix out) const override;
  void predict(std::span<const Index> columns, const double* b, double* out) const override;

  // One column of what correlate() makes of r, given Z'R of the same numbers as R of shape (n, K)
  void collect(const double* seen, const double* r, double* out) const;

  // Where a column stands
  struct Place {
    Index feature, output;  // feature -1: an intercept
  };
  Place place(Index j) const {
    if (j >= features()) return {-1, intercepts_[sz(j - features())]};
    return {j / outputs_, j % outputs_};
  }
  Index outputs() const { return outputs_; }
  const Design& inner() const { return *inner_; }
  std::span<const double> root() const { return root_; }

 private:
  // All columns but the intercepts
  Index features() const { return inner_->cols() * outputs_; }

  std::shared_ptr<const Design> inner_;
  Vec root_;
  Index outputs_;
  Indices intercepts_;
};

// A feature is copied once, whatever number of outputs hold it.
class OutputsPack final : public Pack {
 public:
  explicit OutputsPack(const Outputs& design)
      : design_(design),
        inner_(design.inner().pack()),
        slot_(sz(design.inner().cols()), -1),
        n_(design.inner().rows()) {}

  Index rows() const override { return n_ * design_.outputs(); }
  Index size() const override { return ix(columns_.size()); }
  Index copies() const override;
  void add(std::span<const Index> columns) override;
  void keep(std::span<const Index> kept) override;
  void cross(Index j, std::span<const Index> columns, double* g) const override {
    crosses(std::span(&j, 1), columns, Matrix(g, ix(columns.size()), 1));
  }
  void crosses(std::span<const Index> some, std::span<const Index> columns,
               Matrix g) const override;
  void correlate(Index first, ConstMatrix v, Matrix c, const Context& context) const override;
  void subtract(std::span<const Index> columns, const double* b, double* v,
                const Context& context) const override;
  void bent_gram(const Bends& h, Index first, Matrix g, const Context& context) const override;

 private:
  struct Column {
    Index slot, output;  // of the feature in the inner pack; -1: an intercept
  };

  const Outputs& design_;
  std::unique_ptr<Pack> inner_;
  std::vector<Column> columns_;
  Indices members_, slot_;  // features of the inner pack, and their places there
  Index n_;
};

}  // namespace excise
