// The three verbs, decorated and not, against the matrix written out.
#include <limits>

#include "check.hpp"
#include "data.hpp"
#include "excise/design/columns.hpp"
#include "excise/design/decorators.hpp"
#include "excise/design/repeated.hpp"

using namespace excise;
using data::Random;

namespace {

// What a design is, element by element.
Vec written_out(const Design& x) {
  Vec out(sz(x.rows() * x.cols()));
  x.tile(0, x.rows(), Matrix(out.data(), x.rows(), x.cols()));
  return out;
}

void verbs_agree(const Design& x) {
  const Index n = x.rows(), p = x.cols(), k = 3;
  const Vec all = written_out(x), r = Random(3).normals(n * k);
  Vec out(sz(p * k));
  x.correlate(ConstMatrix(r.data(), n, k), Matrix(out.data(), p, k), Context{2, [] {}});
  for (Index j = 0; j < p; ++j)
    for (Index l = 0; l < k; ++l)
      CHECK(check::close(out[sz(j + l * p)], kernels().dot(&all[sz(j * n)], &r[sz(l * n)], n),
                         1e-12));

  const Indices chosen{p - 1, 0};
  const Vec b{2.0, -1.0};
  Vec packed(sz(2 * n)), fitted(sz(n), 1.0);
  x.gather(chosen, Matrix(packed.data(), n, 2));
  x.predict(chosen, b.data(), fitted.data());
  for (Index i = 0; i < n; ++i) {
    CHECK(check::close(packed[sz(i)], all[sz(i + (p - 1) * n)], 1e-14));
    CHECK(check::close(fitted[sz(i)], 1 + 2 * all[sz(i + (p - 1) * n)] - all[sz(i)], 1e-13));
  }

  Vec gram(sz(p * p), 0.0), xy(sz(p * k), 0.0);
  const ConstMatrix y(r.data(), n, k);
  cross_products(x, y, Matrix(gram.data(), p, p), Matrix(xy.data(), p, k), Context{});
  for (Index j = 0; j < p; ++j)
    for (Index m = 0; m < p; ++m)
      CHECK(check::close(gram[sz(j + m * p)], kernels().dot(&all[sz(j * n)], &all[sz(m * n)], n),
                         1e-12));
  for (std::size_t i = 0; i < xy.size(); ++i) CHECK(check::close(xy[i], out[i], 1e-12));
}

}  // namespace

TEST(dense_arrays_of_any_stride) {
  const Index n = 37, p = 11;
  Vec numbers = Random(1).normals(4 * n * p);
  std::vector<float> single(numbers.begin(), numbers.end());
  const Index strides[][2] = {{1, n}, {p, 1}, {1, 2 * n}, {2 * p, 1}, {2, 2 * n}, {2 * p, 2}};
  for (const auto& [row, col] : strides) {
    const Dense<double> wide(numbers.data(), n, p, row, col);
    const Dense<float> narrow(single.data(), n, p, row, col);
    CHECK(written_out(wide)[sz(2 + 3 * n)] == numbers[sz(2 * row + 3 * col)]);
    verbs_agree(wide);
    verbs_agree(narrow);
    verbs_agree(*wide.about(Random(2).normals(p)));
  }
}

TEST(columns_that_lie_apart) {
  const Index n = 1100, p = 13;  // more rows than a block
  Random random(4);
  Vec numbers(sz(2 * n * p));
  for (double& x : numbers) x = std::floor(200 * random.uniform());
  const std::vector<float> f32(numbers.begin(), numbers.end());
  const std::vector<std::int8_t> i8(numbers.begin(), numbers.begin() + n);
  const std::vector<std::int16_t> i16(numbers.begin(), numbers.end());
  const std::vector<std::int32_t> i32(numbers.begin(), numbers.end());
  const std::vector<std::int64_t> i64(numbers.begin(), numbers.end());
  const std::vector<std::uint8_t> u8(numbers.begin(), numbers.end());
  const std::vector<std::uint16_t> u16(numbers.begin(), numbers.end());
  const std::vector<std::uint32_t> u32(numbers.begin(), numbers.end());
  const std::vector<std::uint64_t> u64(numbers.begin(), numbers.end());
  const Columns x(n, {{&numbers[0], 1, Number::F64},
                      {&numbers[sz(n)], 2, Number::F64},
                      {&f32[sz(3 * n)], 1, Number::F32},
                      {&f32[sz(4 * n)], 1, Number::F32},
                      {&f32[sz(5 * n)], 3, Number::F32},
                      {&i8[0], 1, Number::I8},
                      {&i16[sz(n)], 1, Number::I16},
                      {&i32[sz(2 * n)], 2, Number::I32},
                      {&i64[sz(6 * n)], 1, Number::I64},
                      {&u8[sz(7 * n)], 1, Number::U8},
                      {&u16[sz(8 * n)], 1, Number::U16},
                      {&u32[sz(9 * n)], 1, Number::U32},
                      {&u64[sz(10 * n)], 1, Number::U64}});
  const Vec all = written_out(x);
  CHECK(all[sz(5 + n)] == numbers[sz(n + 10)]);
  CHECK(all[sz(5 + 4 * n)] == numbers[sz(5 * n + 15)]);
  CHECK(all[sz(5 + 12 * n)] == numbers[sz(10 * n + 5)]);
  verbs_agree(x);
  verbs_agree(*x.about(Random(2).normals(p)));

  const Dense<double> dense(all.data(), n, p, 1, n);
  Vec weights(sz(n), 1.0 / static_cast<double>(n - 1));
  weights[0] = 0.0;
  for (const auto& w : {Vec{}, weights}) {
    const Moments ours = x.moments(w, Context{2, [] {}}), theirs = dense.moments(w, Context{});
    for (std::size_t j = 0; j < sz(p); ++j) {
      CHECK(check::close(ours.mean[j], theirs.mean[j], 1e-13));
      CHECK(check::close(ours.variance[j], theirs.variance[j], 1e-12));
      CHECK(ours.min[j] == theirs.min[j] && ours.max[j] == theirs.max[j]);
    }
  }
}

TEST(decorators_are_their_formulas) {
  const Index n = 29, p = 7;
  const Vec numbers = Random(1).normals(n * p);
  auto base = std::make_shared<Dense<double>>(numbers.data(), n, p, 1, n);
  Random random(5);
  const Vec center = random.normals(p);
  Vec scale(sz(p), 2.0), root(sz(n), 0.25);
  scale[3] = 0.0;  // a constant column
  root[4] = 0.0;   // a held-out row
  const Standardized z(base, center, scale, root);
  verbs_agree(z);
  const Vec all = written_out(z);
  CHECK(check::close(all[sz(2 + n)], 0.25 * (numbers[sz(2 + n)] - center[1]) / 2, 1e-15));
  for (Index i = 0; i < n; ++i) CHECK(all[sz(i + 3 * n)] == 0.0);
  for (Index j = 0; j < p; ++j) CHECK(all[sz(4 + j * n)] == 0.0);

  const Refilled refilled(base, {{1, 5, 0.75}});
  verbs_agree(refilled);
  CHECK(check::close(written_out(refilled)[sz(2 + n)],
                     numbers[sz(2 + n)] + 0.75 * numbers[sz(2 + 5 * n)], 1e-15));
}

TEST(moments_do_not_cancel) {
  const Index n = 1000;
  Vec x = Random(9).normals(2 * n);
  for (Index i = 0; i < n; ++i) x[sz(i + n)] = x[sz(i)] + 1e9;  // the same spread, far away
  const Dense<double> design(x.data(), n, 2, 1, n);
  const Moments m = design.moments({}, Context{2, [] {}});
  CHECK(std::abs(m.variance[1] / m.variance[0] - 1) < 1e-7);
  CHECK(check::close(m.mean[1] - 1e9, m.mean[0], 1e-6));

  x.assign(x.size(), 0.1);
  CHECK(design.moments({}, Context{}).variance[0] == 0.0);
  x[sz(n + 3)] = std::numeric_limits<double>::quiet_NaN();
  CHECK(design.moments({}, Context{}).not_finite == 1);
  x[sz(n + 3)] = 0.1;
  x[5] = -1e300;  // finite, but nothing can be subtracted from it
  CHECK(design.moments({}, Context{}).not_finite == 0);
}

TEST(columns_shared_by_views_multiply_as_their_own) {
  const Index n = 50, p = 12;
  Vec numbers = Random(21).normals(n * p);
  for (Index i = 0; i < n; ++i) numbers[sz(i + 3 * n)] += 100.0;  // far from its spread
  const auto base = std::make_shared<Dense<double>>(numbers.data(), n, p, 1, n);
  const auto shared = std::make_shared<SharedColumns>(base);
  Vec center(sz(p)), scale(sz(p), 2.0);
  for (Index j = 0; j < p; ++j) center[sz(j)] = j == 3 ? 100.0 : 0.1 * static_cast<double>(j);
  scale[7] = 0.0;
  std::vector<std::unique_ptr<Pack>> packs;
  std::vector<std::unique_ptr<Standardized>> views;
  for (const Index left_out : {0, 1}) {
    Vec root(sz(n), 0.2);
    for (Index i = left_out; i < n; i += 5) root[sz(i)] = 0.0;
    for (const auto& columns : {std::shared_ptr<SharedColumns>(), shared}) {
      views.push_back(std::make_unique<Standardized>(base, center, scale, root, columns));
      packs.push_back(views.back()->pack());
    }
  }
  const Indices first{9, 3, 0}, then{7, 1, 11}, kept{0, 1, 3, 5};
  for (const auto& pack : packs) pack->add(first);
  for (const auto& pack : packs) pack->add(then);
  packs[3]->keep(kept);
  packs[2]->keep(kept);
  packs[3]->add(Indices{5, 6});  // where others were
  packs[2]->add(Indices{5, 6});
  for (const std::size_t own : {std::size_t{0}, std::size_t{2}}) {
    const Pack &a = *packs[own], &b = *packs[own + 1];
    const Index m = a.size();
    const Vec v = Random(22).normals(2 * n);
    Vec ca(sz(2 * (m - 1))), cb(ca);
    a.correlate(1, ConstMatrix(v.data(), n, 2), Matrix(ca.data(), m - 1, 2), kAlone);
    b.correlate(1, ConstMatrix(v.data(), n, 2), Matrix(cb.data(), m - 1, 2), kAlone);
    for (std::size_t k = 0; k < ca.size(); ++k) CHECK(check::close(cb[k], ca[k], 1e-13));
    const Indices some{2, 0}, all{0, 1, 2, 3, 4};
    Vec ga(10), gb(10);
    a.crosses(some, all, Matrix(ga.data(), 5, 2));
    b.crosses(some, all, Matrix(gb.data(), 5, 2));
    for (std::size_t k = 0; k < ga.size(); ++k) CHECK(check::close(gb[k], ga[k], 1e-13));
    Vec ra(v), rb(v);
    const Vec coefficients{1.0, -2.0, 0.5, 3.0, 1.0};
    a.subtract(all, coefficients.data(), ra.data(), kAlone);
    b.subtract(all, coefficients.data(), rb.data(), kAlone);
    for (Index i = 0; i < n; ++i) CHECK(check::close(rb[sz(i)], ra[sz(i)], 1e-13));
  }
}

TEST(views_of_one_table_share_a_reading_bit_by_bit) {
  const Index n = 70, p = 300;
  const Vec numbers = Random(23).normals(n * p), scale(sz(p), 1.5);
  const auto base = std::make_shared<Dense<double>>(numbers.data(), n, p, 1, n);
  std::vector<std::unique_ptr<Standardized>> views;
  std::vector<const Standardized*> at;
  constexpr Index kViews = 11;
  for (Index l = 0; l < kViews; ++l) {
    Vec root(sz(n), 0.1);
    for (Index i = l; i < n; i += kViews) root[sz(i)] = 0.0;
    views.push_back(std::make_unique<Standardized>(base, Vec(sz(p), 0.01 * static_cast<double>(l)),
                                                   scale, root));
    at.push_back(views.back().get());
  }
  const Vec r = Random(24).normals(n * kViews);
  Vec together(sz(p * kViews)), alone(sz(p));
  Standardized::correlate_views(at, ConstMatrix(r.data(), n, kViews),
                                Matrix(together.data(), p, kViews), Context{2, [] {}});
  for (Index l = 0; l < kViews; ++l) {
    at[sz(l)]->correlate(ConstMatrix(&r[sz(l * n)], n, 1), Matrix(alone.data(), p, 1), Context{});
    for (Index j = 0; j < p; ++j) CHECK(together[sz(j + l * p)] == alone[sz(j)]);
  }
}

TEST(columns_that_are_repeated_are_copies_of_them) {
  const Index n = 41, p = 5;
  const Vec numbers = Random(21).normals(n * p);
  const auto base = std::make_shared<Dense<double>>(numbers.data(), n, p, 1, n);
  const Indices place{3, 0, 0, 4, 2, 1, 4, 0};
  const auto copies = std::make_shared<Repeated>(base, place);
  CHECK(copies->cols() == 8 && copies->rows() == n && copies->stored() == base->stored());
  verbs_agree(*copies);
  const Vec all = written_out(*copies), w = [&] {
    Vec v(sz(n), 1.0 / static_cast<double>(n));
    v[0] = 0.0;
    return v;
  }();
  for (std::size_t j = 0; j < place.size(); ++j)
    for (Index i = 0; i < n; ++i) CHECK(all[sz(i) + j * sz(n)] == numbers[sz(i + place[j] * n)]);
  const Moments once = base->moments(w, Context{}), seen = copies->moments(w, Context{});
  CHECK(seen.not_finite == -1);
  Vec center(8);
  for (std::size_t j = 0; j < 8; ++j) {
    const std::size_t k = sz(place[j]);
    CHECK(seen.mean[j] == once.mean[k] && seen.variance[j] == once.variance[k]);
    CHECK(seen.min[j] == once.min[k] && seen.max[j] == once.max[k]);
    center[j] = seen.mean[j];
  }
  const auto shifted = copies->about(center);
  verbs_agree(*shifted);
  const Vec moved = written_out(*shifted);
  for (std::size_t j = 0; j < 8; ++j)
    CHECK(check::close(moved[j * sz(n)], all[j * sz(n)] - center[j], 1e-14));
}

TEST(the_first_copy_of_a_column_with_a_nan_is_named) {
  Vec numbers = Random(22).normals(20);
  numbers[7] = std::numeric_limits<double>::quiet_NaN();  // of column 1
  const Repeated copies(std::make_shared<Dense<double>>(numbers.data(), 5, 4, 1, 5),
                        {0, 3, 1, 2, 1});
  CHECK(copies.moments({}, Context{}).not_finite == 2);
}

TEST(columns_that_cannot_be_repeated_are_refused) {
  const Vec numbers = Random(23).normals(6);
  const auto base = std::make_shared<Dense<double>>(numbers.data(), 2, 3, 1, 2);
  for (const Indices& place : {Indices{0, 1, 3, 2}, Indices{0, -1, 1, 2}, Indices{0, 1, 1}}) {
    bool refused = false;
    try {
      const Repeated copies(base, place);
    } catch (const std::invalid_argument&) {
      refused = true;
    }
    CHECK(refused);
  }
}
