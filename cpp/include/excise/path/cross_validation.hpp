// Held-out error of the paths of training folds; everything is learned inside the fold.
//
// Columns fewer than rows: one reading of the data gives shifted cross-moments of every cell of
// rows that the folds treat alike; the Gram matrix of a training fold is a sum of cells, and the
// held-out error is a quadratic form. Otherwise each fold is a row view of the same design, and
// where the views work on working sets they share their readings of it.
#pragma once

#include "excise/path/engine.hpp"

namespace excise {

enum class Role : std::int8_t { Unused = 0, Train = 1, Test = 2 };

struct Folds {
  std::vector<std::vector<Role>> role;       // per fold, per row
  std::vector<std::vector<Refill>> refills;  // per fold; empty: nothing was missing
  Index count() const { return ix(role.size()); }
};

struct HeldOut {
  Vec errors;        // weighted mean deviance (squared error), (alphas, folds) column by
                     // column; where shares are asked for (alphas, shares, folds), of them alone
  Vec null;          // of the intercept of the training rows alone, per fold
  double worst_gap;  // largest relative gap of all training paths
  std::vector<Vec> eta;  // if wanted: per fold the predictors of its held-out rows, first with the
                         // intercept alone, then at every alpha, share after share
};

// The folds of one problem. Where moments serve, the data are read once, when it is made; the Gram
// matrix of all rows, which then comes by, stays with the engine.
class CrossValidator {
 public:
  CrossValidator(Engine& engine, Folds folds, const Context& context);
  ~CrossValidator();

  // alphas in the user's unit; with predictors, X is read fold by fold. Over working sets the path
  // of all rows goes along, and stays with the engine until it is asked for.
  HeldOut run(const Asked& asked, bool eta, const Context& context) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace excise
