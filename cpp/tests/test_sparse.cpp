// Sparse tables: the three verbs, the pack and the check of the structure, against dense copies.
#include <limits>
#include <stdexcept>

#include "check.hpp"
#include "data.hpp"
#include "excise/design/sparse_pack.hpp"

using namespace excise;
using data::Random;

namespace {

template <class T, class I>
struct Stored {
  std::vector<T> values;
  std::vector<I> minor;
  Indices starts{0};
  Compressed<T, I> arrays() const {
    return {values.data(), minor.data(), ix(values.size()), ix(minor.size()), starts};
  }
};

// A column-major table compressed; zeros are left out.
template <class T, class I>
Stored<T, I> compress(const Vec& x, Index n, Index p, bool by_rows) {
  Stored<T, I> out;
  for (Index a = 0; a < (by_rows ? n : p); ++a) {
    for (Index b = 0; b < (by_rows ? p : n); ++b) {
      const double value = by_rows ? x[sz(a + b * n)] : x[sz(b + a * n)];
      if (value == 0) continue;
      out.values.push_back(static_cast<T>(value));
      out.minor.push_back(static_cast<I>(b));
    }
    out.starts.push_back(ix(out.values.size()));
  }
  return out;
}

// Floats, many of them zero; column 1 is far from 0, column 2 is empty.
Vec numbers(Index n, Index p, double density) {
  Random random(11);
  Vec x = random.normals(n * p);
  for (double& v : x) v = random.uniform() < density ? static_cast<float>(v) : 0.0;
  for (Index i = 0; i < n; ++i) {
    x[sz(i + n)] = 1e6f + static_cast<float>(i % 7);
    x[sz(i + 2 * n)] = 0.0;
  }
  return x;
}

Vec weights(Index n) {
  Vec w(sz(n));
  double total = 0.0;
  for (Index i = 0; i < n; ++i) total += w[sz(i)] = static_cast<double>(i % 4);
  for (double& v : w) v /= total;
  return w;
}

void same_verbs(const Design& x, const Design& dense, double rel = 1e-12) {
  const Index n = x.rows(), p = x.cols();
  for (const Index k : {1, 3, 15}) {
    const Vec r = Random(3).normals(n * k);
    Vec one(sz(p * k)), two(sz(p * k)), expected(sz(p * k));
    const ConstMatrix right(r.data(), n, k);
    x.correlate(right, Matrix(one.data(), p, k), Context{1, [] {}});
    x.correlate(right, Matrix(two.data(), p, k), Context{2, [] {}});
    dense.correlate(right, Matrix(expected.data(), p, k), Context{});
    CHECK(one == two);
    for (std::size_t e = 0; e < one.size(); ++e) CHECK(check::close(one[e], expected[e], rel));
  }
  const Indices chosen{p - 1, 0, 1};
  Vec a(sz(3 * n)), b(sz(3 * n)), tile(sz((n - 2) * p)), dense_tile(sz((n - 2) * p));
  x.gather(chosen, Matrix(a.data(), n, 3));
  dense.gather(chosen, Matrix(b.data(), n, 3));
  for (std::size_t e = 0; e < a.size(); ++e) CHECK(check::close(a[e], b[e], 1e-15));
  x.tile(1, n - 1, Matrix(tile.data(), n - 2, p));
  dense.tile(1, n - 1, Matrix(dense_tile.data(), n - 2, p));
  for (std::size_t e = 0; e < tile.size(); ++e) CHECK(check::close(tile[e], dense_tile[e], 1e-15));
  const Vec coef{2.0, -1.0, 0.5};
  Vec fitted(sz(n), 1.0), expected(sz(n), 1.0);
  x.predict(chosen, coef.data(), fitted.data());
  dense.predict(chosen, coef.data(), expected.data());
  for (std::size_t i = 0; i < fitted.size(); ++i) CHECK(check::close(fitted[i], expected[i], rel));
}

void same_moments(const Design& x, const Design& dense, const Vec& w) {
  const Moments m = x.moments(w, Context{2, [] {}}), d = dense.moments(w, Context{});
  for (std::size_t j = 0; j < sz(x.cols()); ++j) {
    CHECK(check::close(m.mean[j], d.mean[j], 1e-14));
    CHECK(check::close(m.variance[j], d.variance[j], 1e-12));
    CHECK(check::close(m.min[j], d.min[j], 1e-14));
    CHECK(check::close(m.max[j], d.max[j], 1e-14));
  }
  CHECK(m.variance[2] == 0.0 && m.not_finite == -1);
}

void same_pack(const Design& x, const Design& dense) {
  const Index n = x.rows(), p = x.cols();
  const auto a = x.pack();
  DensePack reference(dense);
  const Indices some{4, 1, 0, 2}, more{p - 1, 3};
  for (const Indices& columns : {some, more}) {
    a->add(columns);
    reference.add(columns);
  }
  a->keep(Indices{0, 1, 3, 4, 5});
  reference.keep(Indices{0, 1, 3, 4, 5});
  CHECK(a->size() == 5 && a->rows() == n);
  const Indices all{0, 1, 2, 3, 4};
  for (const Index j : all) {
    Vec g(5), h(5);
    a->cross(j, all, g.data());
    reference.cross(j, all, h.data());
    for (std::size_t k = 0; k < 5; ++k) CHECK(check::close(g[k], h[k], 1e-12));
    double own = 0.0;
    a->cross(j, std::span(&j, 1), &own);
    CHECK(check::close(own, h[sz(j)], 1e-12));
  }
  const Vec v = Random(8).normals(2 * n), coef{1.0, -2.0};
  const ConstMatrix two(v.data(), n, 2);
  Vec c(6), d(6), left(v.begin(), v.begin() + n), expected = left;
  a->correlate(2, two, Matrix(c.data(), 3, 2), kAlone);
  reference.correlate(2, two, Matrix(d.data(), 3, 2), kAlone);
  for (std::size_t k = 0; k < 6; ++k) CHECK(check::close(c[k], d[k], 1e-12));
  a->subtract(Indices{1, 3}, coef.data(), left.data(), kAlone);
  reference.subtract(Indices{1, 3}, coef.data(), expected.data(), kAlone);
  for (std::size_t i = 0; i < left.size(); ++i) CHECK(check::close(left[i], expected[i], 1e-12));
}

template <class T, class I>
void laws(Index n, Index p, double density) {
  const Vec x = numbers(n, p, density), w = weights(n);
  const auto dense = std::make_shared<Dense<double>>(x.data(), n, p, 1, n);
  const auto columns = compress<T, I>(x, n, p, false), rows = compress<T, I>(x, n, p, true);
  const std::shared_ptr<const Design> designs[] = {
      std::make_shared<SparseByColumns<T, I>>(columns.arrays(), n, p),
      std::make_shared<SparseByRows<T, I>>(rows.arrays(), n, p)};
  for (const auto& design : designs) {
    CHECK(design->stored() == ix(columns.values.size()) && design->sparse());
    same_verbs(*design, *dense);
    same_moments(*design, *dense, {});
    same_moments(*design, *dense, w);
    const Moments m = design->moments(w, Context{});
    Vec scale, root;
    for (const double v : m.variance) scale.push_back(std::sqrt(v));
    for (const double v : w) root.push_back(std::sqrt(v));
    const Standardized z(design, m.mean, scale, root);
    const auto shifted = dense->about(m.mean);
    const Standardized exact(shifted, Vec(sz(p)), scale, root);
    same_verbs(z, exact);
    same_pack(z, exact);
    CHECK(z.stored() == design->stored() && !z.sparse());
  }
}

std::string refusal(Indices starts, std::vector<std::int32_t> minor, Index n_values, Index n,
                    Index p, bool by_rows) {
  const Vec values(sz(n_values), 1.0);
  const Compressed<double, std::int32_t> arrays{values.data(), minor.data(), n_values,
                                                ix(minor.size()), std::move(starts)};
  try {
    if (by_rows)
      SparseByRows<double, std::int32_t>(arrays, n, p);
    else
      SparseByColumns<double, std::int32_t>(arrays, n, p);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

bool says(const std::string& text, const char* what) { return text.find(what) != text.npos; }

}  // namespace

TEST(sparse_tables_are_their_dense_copies) {
  laws<double, std::int32_t>(60, 17, 0.3);
  laws<double, std::int64_t>(33, 90, 0.1);
  laws<float, std::int32_t>(40, 300, 0.5);
  laws<float, std::int64_t>(25, 12, 0.9);
}

TEST(sparse_rows_are_cut_into_ranges_that_change_nothing) {
  const Index n = 200, p = 4000;  // about 400 entries in a row: many ranges, shared by two threads
  const Vec x = numbers(n, p, 0.1);
  const auto dense = Dense<double>(x.data(), n, p, 1, n);
  const auto rows = compress<double, std::int32_t>(x, n, p, true);
  same_verbs(SparseByRows<double, std::int32_t>(rows.arrays(), n, p), dense, 1e-11);
  same_moments(SparseByRows<double, std::int32_t>(rows.arrays(), n, p), dense, {});
}

TEST(corrupt_sparse_structure_is_refused_by_name) {
  CHECK(refusal({0, 1, 2}, {0, 2}, 2, 3, 2, false) == "");
  CHECK(says(refusal({0, 1, 2}, {0, 3}, 2, 3, 2, false), "row index 3 in column 1 is outside"));
  CHECK(says(refusal({0, 1, 2}, {-1, 2}, 2, 3, 2, false), "row index -1 in column 0 is outside"));
  CHECK(says(refusal({0, 1, 2}, {0, 5}, 2, 2, 5, true), "column index 5 in row 1 is outside"));
  CHECK(says(refusal({0, 2, 1}, {0, 2}, 2, 3, 2, false), "indptr falls after column 1"));
  CHECK(says(refusal({1, 1, 2}, {0, 2}, 2, 3, 2, false), "indptr begins with 1"));
  CHECK(says(refusal({0, 1, 7}, {0, 2}, 2, 3, 2, false), "indptr reaches 7 at column 1"));
  CHECK(says(refusal({0, 1, 2}, {0, 2}, 1, 3, 2, false), "1 values"));
  CHECK(says(refusal({0, 2}, {0, 2}, 2, 3, 2, false), "indptr has 2 numbers"));
  CHECK(says(refusal({0}, {}, 0, -1, 2, true), "negative"));
  CHECK(says(refusal({0, 2, 2}, {2, 0}, 2, 3, 2, false), "not canonical"));
  CHECK(says(refusal({0, 2, 2}, {1, 1}, 2, 3, 2, false), "not canonical"));
  const Index far = std::numeric_limits<Index>::max();
  CHECK(says(refusal({0, far, 2}, {0, 2}, 2, 3, 2, false), "indptr reaches"));
}

TEST(a_sparse_column_with_a_nan_is_found) {
  Vec x = numbers(30, 6, 0.5);
  x[3 + 4 * 30] = std::numeric_limits<double>::quiet_NaN();
  const auto columns = compress<double, std::int32_t>(x, 30, 6, false);
  const auto rows = compress<double, std::int32_t>(x, 30, 6, true);
  const SparseByColumns<double, std::int32_t> one(columns.arrays(), 30, 6);
  const SparseByRows<double, std::int32_t> other(rows.arrays(), 30, 6);
  CHECK(one.moments({}, Context{}).not_finite == 4);
  CHECK(other.moments({}, Context{}).not_finite == 4);
}
