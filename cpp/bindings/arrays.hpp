// NumPy arrays in and out; nothing is converted or copied silently.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "excise/base/parallel.hpp"
#include "excise/base/types.hpp"

namespace nb = nanobind;

using FloatsIn = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using IndicesIn = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

inline excise::Vec to_vector(const FloatsIn& a) { return {a.data(), a.data() + a.size()}; }
inline excise::Indices to_vector(const IndicesIn& a) { return {a.data(), a.data() + a.size()}; }
inline std::span<const double> to_span(const FloatsIn& a) { return {a.data(), a.size()}; }

template <class T>
using ArrayOut = nb::ndarray<nb::numpy, T, nb::ndim<1>>;

template <class T>
ArrayOut<T> to_numpy(std::vector<T> values) {
  auto* owned = new std::vector<T>(std::move(values));
  nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return ArrayOut<T>(owned->data(), {owned->size()}, owner);
}

// Stops a computation within about 20 ms of Ctrl-C: asks Python for pending signals, and `check`
// (a callable that raises, or none) whether the data can still be read.
excise::Context python_context(int n_threads, nb::object check);
using RolesIn = nb::ndarray<const std::int8_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using FloatsIn2 = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
