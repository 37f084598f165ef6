// Folds as row views of one table: their held-out rows have weight zero.
#pragma once

#include "excise/path/cross_validation.hpp"

namespace excise {

struct FoldResult {
  Vec errors;
  Vec eta;  // of the held-out rows, if wanted: with the intercept alone, then at every alpha
  double null = 0.0, worst_gap = 0.0;
  bool trusted = false;
};

// One fold by itself. `eta`: whether the predictors of held-out rows are wanted too.
FoldResult fold_on_rows(const Engine& engine, const Asked& asked, const Folds& folds, Index fold,
                        bool eta, const Context& context);

// All folds. Over working sets they go side by side with the path of all rows, which the engine is
// given, a window of alphas at a time: columns are copied once for all folds, and one reading of X
// checks a window of each.
std::vector<FoldResult> folds_on_rows(Engine& engine, const Asked& asked, const Folds& folds,
                                      bool eta, const Context& context);

}  // namespace excise
