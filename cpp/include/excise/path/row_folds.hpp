// Folds as row views of one table: their held-out rows have weight zero.
#pragma once

#include "excise/path/cross_validation.hpp"

namespace excise {

struct FoldResult {
  Vec errors;
  double null = 0.0, worst_gap = 0.0;
  bool trusted = false;
};

// One fold by itself.
FoldResult fold_on_rows(const Engine& engine, std::span<const double> alphas, const Folds& folds,
                        Index fold, const Context& context);

// All folds. Over working sets they go side by side with the path of all rows, which the engine is
// given, a window of alphas at a time: columns are copied once for all folds, and one reading of X
// checks a window of each.
std::vector<FoldResult> folds_on_rows(Engine& engine, std::span<const double> alphas,
                                      const Folds& folds, const Context& context);

}  // namespace excise
