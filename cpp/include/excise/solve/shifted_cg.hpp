// Conjugate gradients for  (K + alpha_k I) x_k = y,  K symmetric and not negative, at several
// alphas at the price of one: all residuals stay multiples of one another, so that the products
// with K serve every alpha (Jegerlehner, hep-lat/9612014, 1996). A preconditioner would end that;
// the columns behind K have one length already.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "excise/base/types.hpp"

namespace excise {

// product(v, out): out = K v
using Product = std::function<void(const Vec& v, Vec& out)>;

// Until  rho_k' K rho_k <= 2 alpha_k gap  for all residuals rho_k = y - (K + alpha_k I) x_k, or
// `most` products are made: then the primal-dual gap of a ridge at its residual is at most `gap`.
std::vector<Vec> shifted_cg(const Product& product, const Vec& y, std::span<const double> alphas,
                            double gap, Index most);

}  // namespace excise
