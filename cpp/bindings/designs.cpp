// Designs: what a table is stored in, one function per storage.
#include <nanobind/stl/shared_ptr.h>

#include "arrays.hpp"
#include "excise/design/columns.hpp"
#include "excise/design/dense.hpp"
#include "excise/design/repeated.hpp"
#include "excise/design/sparse.hpp"
#include "python_design.hpp"

using namespace excise;
using namespace nb::literals;

namespace {

using AnyMatrix = nb::ndarray<nb::ndim<2>, nb::ro, nb::device::cpu>;
using AnyVector = nb::ndarray<nb::ndim<1>, nb::ro, nb::device::cpu>;

template <class T>
std::shared_ptr<Design> dense_of(const AnyMatrix& x, bool streamed) {
  const auto n = static_cast<Index>(x.shape(0)), p = static_cast<Index>(x.shape(1));
  const auto* data = static_cast<const T*>(x.data());
  std::shared_ptr<FileMap> map;
  if (streamed && x.stride(0) > 0 && x.stride(1) > 0) {
    const Index last = (n - 1) * x.stride(0) + (p - 1) * x.stride(1);
    map = std::make_shared<FileMap>(data, (last + 1) * ix(sizeof(T)));
  }
  return std::make_shared<Dense<T>>(data, n, p, x.stride(0), x.stride(1), std::move(map));
}

std::shared_ptr<Design> dense(const AnyMatrix& x, bool streamed) {
  if (x.dtype() == nb::dtype<double>()) return dense_of<double>(x, streamed);
  if (x.dtype() == nb::dtype<float>()) return dense_of<float>(x, streamed);
  throw std::invalid_argument("X must be float32 or float64");
}

using IndexVector = nb::ndarray<nb::ndim<1>, nb::ro, nb::c_contig, nb::device::cpu>;

// use(pointer to the indices), of int32 or int64
template <class Use>
auto with_indices(const IndexVector& indices, Use&& use) {
  if (indices.dtype() == nb::dtype<std::int32_t>())
    return use(static_cast<const std::int32_t*>(indices.data()));
  if (indices.dtype() == nb::dtype<std::int64_t>())
    return use(static_cast<const std::int64_t*>(indices.data()));
  throw std::invalid_argument("indices and indptr must be int32 or int64");
}

Indices copied(const IndexVector& indices) {
  return with_indices(indices, [&](auto* from) { return Indices(from, from + indices.size()); });
}

template <class T, class I>
std::shared_ptr<Design> sparse_of(const IndexVector& data, const I* indices, Index n_indices,
                                  Indices starts, Index n, Index p, bool by_rows) {
  Compressed<T, I> arrays{static_cast<const T*>(data.data()), indices, ix(data.size()), n_indices,
                          std::move(starts)};
  const nb::gil_scoped_release released;
  if (by_rows) return std::make_shared<SparseByRows<T, I>>(std::move(arrays), n, p);
  return std::make_shared<SparseByColumns<T, I>>(std::move(arrays), n, p);
}

std::shared_ptr<Design> sparse(const IndexVector& data, const IndexVector& indices,
                               const IndexVector& indptr, Index n, Index p, bool by_rows) {
  return with_indices(indices, [&](auto* minor) {
    const Index count = ix(indices.size());
    if (data.dtype() == nb::dtype<double>())
      return sparse_of<double>(data, minor, count, copied(indptr), n, p, by_rows);
    if (data.dtype() == nb::dtype<float>())
      return sparse_of<float>(data, minor, count, copied(indptr), n, p, by_rows);
    throw std::invalid_argument("the values of X must be float32 or float64");
  });
}

bool canonical(Index n_values, const IndexVector& indices, const IndexVector& indptr, Index n,
               Index p, bool by_rows) {
  return with_indices(indices, [&](auto* minor) {
    const Indices starts = copied(indptr);
    const nb::gil_scoped_release released;
    return excise::is_canonical(minor, ix(indices.size()), n_values, starts, n, p, by_rows);
  });
}

Number number_of(nb::dlpack::dtype type) {
  const std::pair<nb::dlpack::dtype, Number> known[] = {{nb::dtype<double>(), Number::F64},
                                                        {nb::dtype<float>(), Number::F32},
                                                        {nb::dtype<std::int8_t>(), Number::I8},
                                                        {nb::dtype<std::int16_t>(), Number::I16},
                                                        {nb::dtype<std::int32_t>(), Number::I32},
                                                        {nb::dtype<std::int64_t>(), Number::I64},
                                                        {nb::dtype<std::uint8_t>(), Number::U8},
                                                        {nb::dtype<std::uint16_t>(), Number::U16},
                                                        {nb::dtype<std::uint32_t>(), Number::U32},
                                                        {nb::dtype<std::uint64_t>(), Number::U64},
                                                        {nb::dtype<bool>(), Number::U8}};
  for (const auto& [dtype, number] : known)
    if (type == dtype) return number;
  throw std::invalid_argument("a column must hold floats, integers or booleans");
}

std::shared_ptr<Design> columns(const nb::tuple& arrays) {
  if (arrays.size() == 0) throw std::invalid_argument("X has no columns");
  std::vector<Column> all;
  std::size_t n = 0;
  for (const nb::handle array : arrays) {
    const auto x = nb::cast<AnyVector>(array);
    if (!all.empty() && x.shape(0) != n)
      throw std::invalid_argument("the columns have different lengths");
    n = x.shape(0);
    all.push_back({x.data(), x.stride(0), number_of(x.dtype())});
  }
  return std::make_shared<Columns>(static_cast<Index>(n), std::move(all));
}

}  // namespace

void bind_designs(nb::module_& m) {
  nb::class_<Design>(m, "Design", "A table in some storage, read where it lies.");
  m.def(
      "dense", &dense, "X"_a, "streamed"_a = false, nb::keep_alive<0, 1>(),
      "An array of float32 or float64 with any strides; `streamed`: it lies in a read-only map of "
      "a file, whose pages may be given back once they were read.");
  m.def("sparse", &sparse, "data"_a, "indices"_a, "indptr"_a, "n"_a, "p"_a, "by_rows"_a,
        nb::keep_alive<0, 1>(), nb::keep_alive<0, 2>(), nb::keep_alive<0, 3>(),
        "Compressed columns, or rows, of n rows and p columns; the indices of each must rise.");
  m.def("is_canonical", &canonical, "n_values"_a, "indices"_a, "indptr"_a, "n"_a, "p"_a,
        "by_rows"_a,
        "Whether the indices of every column (or row) rise strictly; ValueError, naming what, "
        "where the structure is corrupt.");
  m.def("columns", &columns, "arrays"_a, nb::keep_alive<0, 1>(),
        "One-dimensional arrays of one length: floats, integers or booleans, any strides.");
  m.def(
      "repeated",
      [](const std::shared_ptr<Design>& base, const IndicesIn& place) -> std::shared_ptr<Design> {
        return std::make_shared<Repeated>(base, to_vector(place));
      },
      "base"_a, "place"_a, nb::keep_alive<0, 1>(),
      "The same table with column place[j] at j; every column stands somewhere, perhaps twice.");
  m.def(
      "python_design",
      [](nb::object design) -> std::shared_ptr<Design> {
        return std::make_shared<PythonDesign>(std::move(design));
      },
      "design"_a, "A design that is written in Python and checks what it returns.");
}
