// Proximal maps, and sums over faces, that are too sequential for NumPy.
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
  m.def(
      "face_gram",
      [](const FloatsIn2& gram, const IndicesIn& place, const IndicesIn& owner,
         const FloatsIn& sign, std::size_t count) {
        return to_numpy(excise::face_gram({gram.data(), gram.size()}, gram.shape(1),
                                          {place.data(), place.size()},
                                          {owner.data(), owner.size()}, to_span(sign), count));
      },
      "gram"_a, "place"_a, "owner"_a, "sign"_a, "count"_a,
      "B'GB, by rows, for the B of a face whose features stand at `place` in G.");
}
