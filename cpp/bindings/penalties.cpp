// Proximal maps that are too sequential for NumPy.
#include "arrays.hpp"
#include "excise/penalty/chains.hpp"

using namespace nb::literals;

void bind_penalties(nb::module_& m) {
  m.def(
      "falling_fit", [](const FloatsIn& v) { return to_numpy(excise::falling_fit(to_span(v))); },
      "v"_a, "The falling sequence nearest to v.");
  m.def(
      "total_variation",
      [](const FloatsIn& v, double strength) {
        return to_numpy(excise::total_variation(to_span(v), strength));
      },
      "v"_a, "strength"_a, "The b that minimises |b - v|^2 / 2 + strength * sum |b_{j+1} - b_j|.");
}
