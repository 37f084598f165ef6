// The three verbs through which every engine touches the data, whatever its storage.
//
//   correlate  X'R for several vectors at once (one reading of X)
//   gram       cross-products of columns, or a packed copy of a few columns; and moments
//   predict    X_A b on the rows
//
// Standardising, weighting, imputing and row subsets decorate a Design; no solver knows them.
#pragma once

#include <limits>
#include <memory>
#include <span>

#include "excise/base/parallel.hpp"
#include "excise/base/types.hpp"

namespace excise {

constexpr double kLargest = 1e300;  // beyond this, differences overflow

// Weighted moments of every column, with weights that sum to one.
struct Moments {
  Vec mean, mean_rest;    // the mean rounded, and what rounding left
  Vec variance;           // about the mean; exactly 0 for a constant column
  Vec min, max;           // over rows with positive weight
  Index not_finite = -1;  // the first column with a NaN, an infinity or a size above kLargest;
                          // rows of weight zero may pass unseen

  explicit Moments(Index p)
      : mean(sz(p)), mean_rest(sz(p)), variance(sz(p)), min(sz(p)), max(sz(p)) {}
  // `total` is the sum of the weights that were added up.
  void set(Index j, const struct RunningMoments& column, double total);
  void find_not_finite();
  // The first column that varies, but whose squares overflow or vanish; -1: none
  Index unsquarable() const;
};

// Moments of one column about a pilot taken from the column itself: the mean is at most sqrt(n)
// standard deviations from any of its values, so nothing cancels badly.
struct RunningMoments {
  double pilot = 0.0;
  double sums[4] = {0.0, 0.0, std::numeric_limits<double>::infinity(),
                    -std::numeric_limits<double>::infinity()};  // w d, w d^2, min d, max d
};

class Pack;
class Sparse;

class Design {
 public:
  virtual ~Design() = default;
  virtual Index rows() const = 0;
  virtual Index cols() const = 0;
  // How many numbers one reading of the data reads
  virtual Index stored() const { return rows() * cols(); }
  // The same as the sparse table that it is; null: it is none
  virtual const Sparse* sparse() const { return nullptr; }

  // out = X'R, R of shape (rows, k), out of shape (cols, k)
  virtual void correlate(ConstMatrix r, Matrix out, const Context& context) const = 0;

  // out = X_A, packed: shape (rows, |A|)
  virtual void gather(std::span<const Index> columns, Matrix out) const = 0;

  // out = X[begin:end, :] packed column by column: the tile that gram() is summed over
  virtual void tile(Index begin, Index end, Matrix out) const = 0;

  // Whether tile() costs no more than its share of the table; where it does not, Gram matrices are
  // made of columns, and folds are row views.
  virtual bool tiles_cheaply() const { return true; }

  // The same design with `center` taken off its columns before anything is multiplied, so that
  // nothing cancels later; null where the storage cannot.
  virtual std::shared_ptr<const Design> about(Vec) const { return nullptr; }

  // An empty pack of columns of this design, which must outlive it
  virtual std::unique_ptr<Pack> pack() const;

  // Whether it is read from a file as it goes: then reading it once more is what costs.
  virtual bool streamed() const { return false; }

  // Moments under `weights` (empty: equal weights)
  virtual Moments moments(std::span<const double> weights, const Context& context) const;

  // out += X_A b
  virtual void predict(std::span<const Index> columns, const double* b, double* out) const;
};

// The first row with positive weight (0 where weights are equal).
Index first_weighted(std::span<const double> weights);

// Adds a block of rows to the cross-products: gram += Z'Z (block lower triangle; `mirror` fills
// in the rest), zy += Z'Y.
void add_cross_products(ConstMatrix z, ConstMatrix y, Matrix gram, Matrix zy,
                        const Context& context);
void mirror(Matrix gram);

// gram = Z'Z and zy = Z'Y over all rows, a tile of rows at a time.
void cross_products(const Design& z, ConstMatrix y, Matrix gram, Matrix zy, const Context& context);

}  // namespace excise
