// Index type, vectors and matrix views shared by every room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace excise {

using Index = std::int64_t;  // 64 bits everywhere: n * p passes 2^31
using Vec = std::vector<double>;
using Indices = std::vector<Index>;

inline std::size_t sz(Index i) { return static_cast<std::size_t>(i); }
inline Index ix(std::size_t i) { return static_cast<Index>(i); }

// Column-major view: element (i, j) stands at data[i + j * stride].
template <class T>
struct MatrixView {
  T* data;
  Index rows;
  Index cols;
  Index stride;

  MatrixView(T* d, Index r, Index c) : data(d), rows(r), cols(c), stride(r) {}
  MatrixView(T* d, Index r, Index c, Index s) : data(d), rows(r), cols(c), stride(s) {}
  T* column(Index j) const { return data + j * stride; }
  T& operator()(Index i, Index j) const { return data[i + j * stride]; }
};

using Matrix = MatrixView<double>;
using ConstMatrix = MatrixView<const double>;

}  // namespace excise
