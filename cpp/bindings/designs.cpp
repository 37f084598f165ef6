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

// Calls use(a zero of the type of the indices) for int32 or int64.
template <class Use>
auto with_index_type(const AnyVector& indices, const AnyVector& indptr, Use&& use) {
  if (indices.dtype() != indptr.dtype())
    throw std::invalid_argument("indices and indptr must have one dtype");
  if (indices.dtype() == nb::dtype<std::int32_t>()) return use(std::int32_t{0});
  if (indices.dtype() == nb::dtype<std::int64_t>()) return use(std::int64_t{0});
  throw std::invalid_argument("indices and indptr must be int32 or int64");
}

template <class T, class I>
std::shared_ptr<Design> sparse_of(const AnyVector& data, const AnyVector& indices,
                                  const AnyVector& indptr, Index n, Index p, bool by_rows) {
  const Compressed<T, I> arrays{static_cast<const T*>(data.data()),
                                static_cast<const I*>(indices.data()),
                                static_cast<const I*>(indptr.data()),
                                ix(data.size()),
                                ix(indices.size()),
                                ix(indptr.size())};
  const nb::gil_scoped_release released;
  if (by_rows) return std::make_shared<SparseByRows<T, I>>(arrays, n, p);
  return std::make_shared<SparseByColumns<T, I>>(arrays, n, p);
}

std::shared_ptr<Design> sparse(const AnyVector& data, const AnyVector& indices,
                               const AnyVector& indptr, Index n, Index p, bool by_rows) {
  return with_index_type(indices, indptr, [&]<class I>(I) {
    if (data.dtype() == nb::dtype<double>())
      return sparse_of<double, I>(data, indices, indptr, n, p, by_rows);
    if (data.dtype() == nb::dtype<float>())
      return sparse_of<float, I>(data, indices, indptr, n, p, by_rows);
    throw std::invalid_argument("the values of X must be float32 or float64");
  });
}

bool is_canonical(Index n_values, const AnyVector& indices, const AnyVector& indptr, Index n,
                  Index p, bool by_rows) {
  return with_index_type(indices, indptr, [&]<class I>(I) {
    const nb::gil_scoped_release released;
    bool canonical = true;
    checked_starts(static_cast<const I*>(indices.data()), static_cast<const I*>(indptr.data()),
                   n_values, ix(indices.size()), ix(indptr.size()), n, p, by_rows, &canonical);
    return canonical;
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
  m.def("is_canonical", &is_canonical, "n_values"_a, "indices"_a, "indptr"_a, "n"_a, "p"_a,
        "by_rows"_a,
        "Whether the indices of every column (or row) rise strictly; ValueError, naming what, "
        "where the structure is corrupt.");
}
