// Cross-moments of groups of rows, from one reading of the data.
#pragma once

#include "excise/path/cross_moments.hpp"
#include "excise/path/cross_validation.hpp"

namespace excise {

// Rows that every fold treats alike.
struct Cells {
  std::vector<Index> of_row;
  std::vector<std::vector<Role>> role;  // per cell, per fold

  explicit Cells(const Folds& folds);
  Index count() const { return ix(role.size()); }
};

// The moments of every cell, on the standard scale of all rows.
std::vector<CrossMoments> cell_moments(const StandardProblem& problem, const Cells& cells,
                                       const Context& context);

}  // namespace excise
