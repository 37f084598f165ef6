#include "python_design.hpp"

#include <nanobind/stl/pair.h>

#include <algorithm>

#include "arrays.hpp"

using namespace excise;

namespace {

using Numbers = nb::ndarray<const double, nb::f_contig, nb::device::cpu>;

// What Python is given it may keep: a copy that NumPy owns.
nb::object given(ConstMatrix r) {
  auto* owned = new Vec;
  nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<Vec*>(p); });
  owned->reserve(sz(r.rows * r.cols));
  for (Index l = 0; l < r.cols; ++l) owned->insert(owned->end(), r.column(l), r.column(l) + r.rows);
  return nb::cast(nb::ndarray<nb::numpy, double, nb::ndim<2>>(
      owned->data(), {sz(r.rows), sz(r.cols)}, owner, {1, r.rows}));
}
nb::object given(std::span<const Index> index) {
  return nb::cast(to_numpy(Indices(index.begin(), index.end())));
}
nb::object given(const double* values, Index n) {
  return nb::cast(to_numpy(Vec(values, values + n)));
}

// Copies an answer of rows x cols; its shape was checked in Python, and is once more here, where
// a wrong one would read beyond the end.
void take(const nb::object& answer, Matrix out) {
  const auto numbers = nb::cast<Numbers>(answer);
  if (ix(numbers.size()) != out.rows * out.cols)
    throw std::runtime_error("a Python design returned an array of another size");
  for (Index l = 0; l < out.cols; ++l)
    std::copy_n(numbers.data() + l * out.rows, out.rows, out.column(l));
}

}  // namespace

PythonDesign::PythonDesign(nb::object design) : design_(std::move(design)) {
  std::tie(n_, p_) = nb::cast<std::pair<Index, Index>>(design_.attr("shape"));
  const auto overrides = [&](const char* method) {
    return nb::cast<bool>(design_.attr("overrides")(method));
  };
  tiles_cheaply_ = overrides("rows");
  predicts_ = overrides("predict");
  knows_moments_ = overrides("moments");
}

PythonDesign::~PythonDesign() {
  const nb::gil_scoped_acquire held;
  design_.reset();
}

void PythonDesign::correlate(ConstMatrix r, Matrix out, const Context& context) const {
  context.poll();
  const nb::gil_scoped_acquire held;
  take(design_.attr("correlate")(given(r)), out);
}

void PythonDesign::gather(std::span<const Index> columns, Matrix out) const {
  if (columns.empty()) return;
  const nb::gil_scoped_acquire held;
  take(design_.attr("packed")(given(columns)), out);
}

void PythonDesign::tile(Index begin, Index end, Matrix out) const {
  const nb::gil_scoped_acquire held;
  take(design_.attr("tile")(begin, end), out);
}

void PythonDesign::predict(std::span<const Index> columns, const double* b, double* out) const {
  if (!predicts_ || columns.empty()) return Design::predict(columns, b, out);
  Vec eta(sz(n_));
  {
    const nb::gil_scoped_acquire held;
    take(design_.attr("predict")(given(columns), given(b, ix(columns.size()))),
         Matrix(eta.data(), n_, 1));
  }
  for (std::size_t i = 0; i < eta.size(); ++i) out[i] += eta[i];
}

Moments PythonDesign::moments(std::span<const double> weights, const Context& context) const {
  if (!knows_moments_) return Design::moments(weights, context);
  context.poll();
  const Vec w = weights.empty() ? Vec(sz(n_), 1.0 / static_cast<double>(n_))
                                : Vec(weights.begin(), weights.end());
  Vec four(sz(4 * p_));
  {
    const nb::gil_scoped_acquire held;
    take(design_.attr("moments")(given(w.data(), n_)), Matrix(four.data(), p_, 4));
  }
  Moments m(p_);
  for (std::size_t j = 0; j < sz(p_); ++j) {
    m.min[j] = four[j + 2 * sz(p_)];
    m.max[j] = four[j + 3 * sz(p_)];
    const bool constant = m.min[j] == m.max[j];
    m.mean[j] = constant ? m.min[j] : four[j];
    m.variance[j] = constant ? 0.0 : four[j + sz(p_)];
  }
  m.find_not_finite();
  return m;
}
