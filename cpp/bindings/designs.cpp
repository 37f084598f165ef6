// Designs: what a table is stored in, one function per storage.
#include <nanobind/stl/shared_ptr.h>

#include "arrays.hpp"
#include "excise/design/dense.hpp"
#include "excise/design/sparse.hpp"

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

using AnyVector = nb::ndarray<nb::ndim<1>, nb::ro, nb::c_contig, nb::device::cpu>;

// use(pointer to the indices), of int32 or int64
template <class Use>
auto with_indices(const AnyVector& indices, Use&& use) {
  if (indices.dtype() == nb::dtype<std::int32_t>())
    return use(static_cast<const std::int32_t*>(indices.data()));
  if (indices.dtype() == nb::dtype<std::int64_t>())
    return use(static_cast<const std::int64_t*>(indices.data()));
  throw std::invalid_argument("indices and indptr must be int32 or int64");
}

Indices copied(const AnyVector& indices) {
  return with_indices(indices, [&](auto* from) { return Indices(from, from + indices.size()); });
}

template <class T, class I>
std::shared_ptr<Design> sparse_of(const AnyVector& data, const I* indices, Index n_indices,
                                  Indices starts, Index n, Index p, bool by_rows) {
  Compressed<T, I> arrays{static_cast<const T*>(data.data()), indices, ix(data.size()), n_indices,
                          std::move(starts)};
  const nb::gil_scoped_release released;
  if (by_rows) return std::make_shared<SparseByRows<T, I>>(std::move(arrays), n, p);
  return std::make_shared<SparseByColumns<T, I>>(std::move(arrays), n, p);
}

std::shared_ptr<Design> sparse(const AnyVector& data, const AnyVector& indices,
                               const AnyVector& indptr, Index n, Index p, bool by_rows) {
  return with_indices(indices, [&](auto* minor) {
    const Index count = ix(indices.size());
    if (data.dtype() == nb::dtype<double>())
      return sparse_of<double>(data, minor, count, copied(indptr), n, p, by_rows);
    if (data.dtype() == nb::dtype<float>())
      return sparse_of<float>(data, minor, count, copied(indptr), n, p, by_rows);
    throw std::invalid_argument("the values of X must be float32 or float64");
  });
}

bool canonical(Index n_values, const AnyVector& indices, const AnyVector& indptr, Index n,
                  Index p, bool by_rows) {
  return with_indices(indices, [&](auto* minor) {
    const Indices starts = copied(indptr);
    const nb::gil_scoped_release released;
    return excise::is_canonical(minor, ix(indices.size()), n_values, starts, n, p, by_rows);
  });
}

}  // namespace

void bind_designs(nb::module_& m) {
  nb::class_<Design>(m, "Design", "A table in some storage, read where it lies.");
  m.def("dense", &dense, "X"_a, nb::keep_alive<0, 1>(),
        "An array of float32 or float64 with any strides.");
  m.def("sparse", &sparse, "data"_a, "indices"_a, "indptr"_a, "n"_a, "p"_a, "by_rows"_a,
        nb::keep_alive<0, 1>(), nb::keep_alive<0, 2>(), nb::keep_alive<0, 3>(),
        "Compressed columns, or rows, of n rows and p columns; the indices of each must rise.");
  m.def("is_canonical", &canonical, "n_values"_a, "indices"_a, "indptr"_a, "n"_a, "p"_a,
        "by_rows"_a,
        "Whether the indices of every column (or row) rise strictly; ValueError, naming what, "
        "where the structure is corrupt.");
}
