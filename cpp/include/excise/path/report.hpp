// A path in the units of the user, as flat arrays: what the bindings hand out.
#pragma once

#include "excise/path/engine.hpp"

namespace excise {

struct Report {
  Indices indptr{0}, indices;  // compressed columns of coefficients, one per alpha
  Vec coef, coef_std;          // per unit of x, and per standard deviation
  Vec intercepts;              // of every output, alpha after alpha
  Vec relative_gaps, violations, losses;
  Vec correlations;    // with the residual of the last alpha, for every coefficient
  bool finite = true;  // whether the null loss and every coefficient are
};

// `centre` is that of each column on the original scale.
Report report(const Engine& engine, const Vec& centre, PathResult& result);

}  // namespace excise
