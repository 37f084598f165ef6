// Designs: what a table is stored in, one function per storage.
#include <nanobind/stl/shared_ptr.h>

#include "arrays.hpp"
#include "excise/design/dense.hpp"

using namespace excise;
using namespace nb::literals;

namespace {

using AnyMatrix = nb::ndarray<nb::ndim<2>, nb::ro, nb::device::cpu>;

template <class T>
std::shared_ptr<Design> dense_of(const AnyMatrix& x) {
  const auto n = static_cast<Index>(x.shape(0)), p = static_cast<Index>(x.shape(1));
  return std::make_shared<Dense<T>>(static_cast<const T*>(x.data()), n, p, x.stride(0),
                                    x.stride(1));
}

std::shared_ptr<Design> dense(const AnyMatrix& x) {
  if (x.dtype() == nb::dtype<double>()) return dense_of<double>(x);
  if (x.dtype() == nb::dtype<float>()) return dense_of<float>(x);
  throw std::invalid_argument("X must be float32 or float64");
}

}  // namespace

void bind_designs(nb::module_& m) {
  nb::class_<Design>(m, "Design", "A table in some storage, read where it lies.");
  m.def("dense", &dense, "X"_a, nb::keep_alive<0, 1>(),
        "An array of float32 or float64 with any strides.");
}
