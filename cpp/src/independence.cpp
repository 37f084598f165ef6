// Which columns are independent of the active ones.
#include "excise/solve/active_set.hpp"

namespace excise {
namespace {

// A taxed column closer than this to the span of the others is exchanged for one of them: squared.
constexpr double kDependent = 1e-12;
constexpr double kSharp = 1e-6;  // squared pivots above this are told well by the factor

}  // namespace

// The squared pivot of a column that may enter, 0 for one that depends on the active ones. `x` is
// what the factor made of its cross-products with them, `pivot` what that leaves of the column.
double ActiveSet::independent(const Entry& entry, double diagonal, double pivot, Vec& x) {
  const auto [j, side] = entry;
  double least = kDependent;
  if (side == Side::Smooth && at(j).l2 == 0) {  // nothing but the fit decides about a free column
    least = quadratic_.dependent();
    if (pivot < kSharp) pivot = sharpen(j, pivot, x);
  }
  return pivot > least * diagonal ? pivot : 0.0;
}

// The same pivot from what the active columns leave of column j itself: their Gram matrix knows
// distances only down to the root of the rounding. `x` is refined with it (corrected seminormal
// equations, as in `polish`), or near-twins among the active ones would hide that j depends on
// them.
double ActiveSet::sharpen(Index j, double pivot, Vec& x) {
  constexpr int kRefinements = 4;
  constexpr double kGain = 0.25;  // rounds that gain less are the last
  Vec c(active_.size()), last_x;
  double last = kInfinity;
  for (int round = 0; round <= kRefinements; ++round) {
    Vec b = x;
    factor_.backward(b.data());
    double distance = quadratic_.distance(j, active_, b, c.data());
    if (distance < 0) return pivot;
    for (std::size_t k = 0; k < b.size(); ++k) {  // the roots of the ridges are rows below Z
      const double l2 = ridge_at_centre(active_[k]);
      distance += l2 * b[k] * b[k];
      c[k] -= l2 * b[k];
    }
    if (round > 0 && !(distance < last)) {
      x = std::move(last_x);
      break;
    }
    const bool settled = distance > kGain * last;
    last = distance;
    if (settled) break;
    last_x = x;
    factor_.forward(Matrix(c.data(), ix(c.size()), 1));
    for (std::size_t k = 0; k < c.size(); ++k) x[k] += c[k];
  }
  return last;
}

}  // namespace excise
