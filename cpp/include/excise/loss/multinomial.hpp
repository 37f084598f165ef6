// Multinomial loss of K classes, y_i on the simplex, p = softmax(eta):
//   l = log sum_k e^eta_k - y'eta + sum_k y_k log y_k = KL(y || p),   l* finite for y + v on the
//   simplex;  slopes p - y,  second derivative diag(p) - p p'
//
// Vectors hold the rows of class 0, then those of class 1, and so on; the weight of a row stands at
// each of its classes. A constant added to all eta of a row changes nothing.
#pragma once

#include <memory>

#include "excise/loss/loss.hpp"

namespace excise {

std::shared_ptr<const Loss> make_multinomial(Index classes);

}  // namespace excise
