// Every kernel against the loop that it stands for, at sizes around its tiles.
#include "check.hpp"
#include "data.hpp"
#include "excise/base/kernels.hpp"

using namespace excise;
using data::Random;

TEST(dot_axpy_and_combine_are_plain_sums) {
  for (const Index n : {0, 1, 3, 7, 8, 31, 32, 33, 1000, 2049}) {
    Random random(static_cast<std::uint64_t>(n) + 1);
    const Vec x = random.normals(n), y = random.normals(n);
    double sum = 0.0, size = 0.0;
    for (Index i = 0; i < n; ++i) {
      sum += x[sz(i)] * y[sz(i)];
      size += std::abs(x[sz(i)] * y[sz(i)]);
    }
    CHECK(std::abs(kernels().dot(x.data(), y.data(), n) - sum) <= 1e-15 * size);

    Vec z = y, zz = y;
    const double* columns[] = {x.data(), y.data()};
    const double b[] = {-1.5, 0.25};
    kernels().axpy(-1.5, x.data(), z.data(), n);
    kernels().combine(columns, b, 2, n, zz.data());
    for (Index i = 0; i < n; ++i) {
      CHECK(check::close(z[sz(i)], y[sz(i)] - 1.5 * x[sz(i)], 1e-15));
      CHECK(check::close(zz[sz(i)], z[sz(i)] + 0.25 * y[sz(i)], 1e-15));
    }
  }
}

TEST(exponentials_and_logarithms_have_all_their_digits) {
  for (const Index n : {0, 1, 3, 8, 9, 1000}) {
    Random random(static_cast<std::uint64_t>(n) + 3);
    Vec x = random.normals(n), out(sz(n));
    for (const double size : {1e-12, 1e-3, 1.0, 30.0, 200.0}) {
      Vec scaled = x;
      for (double& v : scaled) v *= size;
      kernels().exponentials(scaled.data(), n, out.data());
      for (Index i = 0; i < n; ++i) {
        const double e = std::exp(scaled[sz(i)]);
        CHECK(std::abs(out[sz(i)] - e) <= 5e-16 * e);
        scaled[sz(i)] = e;
      }
      kernels().logarithms(scaled.data(), n, out.data());
      for (Index i = 0; i < n; ++i) {
        const double l = std::log(scaled[sz(i)]);
        CHECK(std::abs(out[sz(i)] - l) <= 5e-16 * std::abs(l));
      }
    }
  }
  const Vec far{0.0, -0.0, 800.0, -800.0, 709.7, -740.0, -745.0, 1.0, -kInfinity, kInfinity};
  Vec out(far.size());
  kernels().exponentials(far.data(), ix(far.size()), out.data());
  for (std::size_t i = 0; i < far.size(); ++i) {
    const double e = std::exp(far[i]);
    CHECK(out[i] == e || std::abs(out[i] - e) <= std::max(5e-16 * e, 5e-324));
  }
  const Vec ends{1.0, 1e-310, 5e-324, 1e308, 2.2250738585072014e-308};
  kernels().logarithms(ends.data(), ix(ends.size()), out.data());
  for (std::size_t i = 0; i < ends.size(); ++i)
    CHECK(std::abs(out[i] - std::log(ends[i])) <= 5e-16 * std::abs(std::log(ends[i])));
  const double zero = 0.0;
  kernels().logarithms(&zero, 1, out.data());
  CHECK(std::isfinite(out[0]) && out[0] < -744);
}

template <class T>
void products_agree(Index n, Index p, Index k, bool shifted) {
  Random random(7);
  const Vec numbers = random.normals(n * p), r = random.normals(n * k);
  const Vec shift = random.normals(p);
  std::vector<T> by_column(numbers.begin(), numbers.end()), by_row(numbers.size());
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < p; ++j) by_row[sz(i * p + j)] = by_column[sz(i + j * n)];
  const double* s = shifted ? shift.data() : nullptr;
  Vec a(sz(p * k), 0.5), b(sz(p * k), 0.5);
  if constexpr (sizeof(T) == sizeof(double)) {
    kernels().columns_f64(by_column.data(), n, n, p, s, r.data(), n, k, a.data(), p);
    kernels().rows_f64(by_row.data(), p, n, p, s, r.data(), n, k, b.data(), p);
  } else {
    kernels().columns_f32(by_column.data(), n, n, p, s, r.data(), n, k, a.data(), p);
    kernels().rows_f32(by_row.data(), p, n, p, s, r.data(), n, k, b.data(), p);
  }
  for (Index j = 0; j < p; ++j)
    for (Index l = 0; l < k; ++l) {
      double sum = 0.5;
      for (Index i = 0; i < n; ++i)
        sum +=
            (static_cast<double>(by_column[sz(i + j * n)]) - (s ? s[j] : 0.0)) * r[sz(i + l * n)];
      CHECK(check::close(a[sz(j + l * p)], sum, 1e-12));
      CHECK(check::close(b[sz(j + l * p)], sum, 1e-12));
    }
}

TEST(products_agree_in_both_orders_and_precisions) {
  for (const Index n : {1, 5, 17, 64, 1100})
    for (const Index p : {1, 3, 4, 9, 300})
      for (const Index k : {1, 2, 5}) {
        products_agree<double>(n, p, k, true);
        products_agree<float>(n, p, k, false);
      }
}

TEST(bounds_and_places_are_their_loops) {
  for (const Index p : {1, 7, 8, 33, 64, 1000}) {
    Random random(static_cast<std::uint64_t>(p));
    const Vec c = random.normals(p), d = random.normals(p);
    Vec up(sz(p), 0.5), down(sz(p), 2.0), scores(sz(p));
    up[0] = 0.0;  // may not rise
    Indices expected, bounded(sz(p)), found(sz(p));
    for (Index j = 0; j < p; ++j) {
      const double v = c[sz(j)] + 1.25 * (d[sz(j)] - c[sz(j)]);
      scores[sz(j)] = std::fmax(up[sz(j)] * (v + 0.125), down[sz(j)] * (0.125 - v));
      if (scores[sz(j)] >= 1.0) expected.push_back(j);
    }
    bounded.resize(sz(kernels().bounds(c.data(), d.data(), 1.25, 0.125, up.data(), down.data(), p,
                                       1.0, bounded.data())));
    CHECK(bounded == expected);
    found.resize(sz(kernels().above(scores.data(), p, 1.0, found.data())));
    CHECK(found == expected);
  }
}
