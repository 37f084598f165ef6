// Groups of columns as the user states them, and what they become inside.
#pragma once

#include "excise/path/engine.hpp"

namespace excise {

// Gives every column the penalty weight of its group. Throws std::invalid_argument unless the
// groups part the columns, without bounds.
void settle_groups(Statement& statement);

// Of every column the weight of its group beside its penalty weight, and what multiplies its ridge:
// the same for groups, 1 for columns, and shares of both for sparse groups.
Vec group_weights(const Statement& statement);
Vec ridge_weights(const Statement& statement);

// What columns are divided by inside: their scale. Where a group pays on the original scale that is
// one number for all of it, the largest scale, so that its penalty stays a multiple of the length
// of its coefficients; no column is then longer than one.
Vec inner_divisor(const Statement& statement, const Vec& scale);

// The groups inside, of flat coefficient numbers, without those of columns that are excluded or
// carry nothing; every intercept, numbered last, is one by itself.
Groups inner_groups(const Statement& statement, const Scaling& scaling, Index intercepts);

}  // namespace excise
