// What a certificate says, and what it needs to know of the loss.
#pragma once

#include <functional>

namespace excise {

// The value of the loss, and what a dual point shrunk by s costs.
struct DataTerm {
  double value = 0.0;
  std::function<double(double)> gap;
};
inline DataTerm squared_term(double rr) {
  return {0.5 * rr, [rr](double s) { return 0.5 * rr * (1 - s) * (1 - s); }};
}

struct Optimality {
  double gap = 0.0;
  double violation = 0.0;  // largest distance to the subdifferential, on the penalty's scale
  double penalty = 0.0;    // sum_j Omega_j(b_j)
  double primal = 0.0;
};

}  // namespace excise
