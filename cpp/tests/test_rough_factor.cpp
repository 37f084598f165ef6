// Factor and Gram matrix in single precision, as columns come and go, and where digits are too few.
#include "check.hpp"
#include "data.hpp"
#include "excise/solve/rough_factor.hpp"
#include "excise/solve/rough_gram.hpp"

using namespace excise;
using data::Random;

namespace {

// The Gram matrix of random columns, and a ridge
struct Gram {
  Index n, p;
  Vec x;
  double ridge;

  Gram(Random& random, Index rows, Index cols, double more)
      : n(rows), p(cols), x(random.normals(rows * cols)), ridge(more) {}
  double at(Index i, Index k) const {
    return kernels().dot(x.data() + i * n, x.data() + k * n, n) + (i == k ? ridge : 0.0);
  }
  void drop(Index k) {
    x.erase(x.begin() + k * n, x.begin() + (k + 1) * n);
    --p;
  }
  bool extend(RoughFactor& factor, Index size) const {
    return factor.extend(size, [&](Index k, Index from, Index to, double* out) {
      for (Index i = from; i < to; ++i) out[i - from] = at(i, k);
    });
  }
  bool solved_by(RoughFactor& factor, const Vec& v) const {
    Vec b = v;
    factor.solve(b);
    for (Index i = 0; i < factor.size(); ++i) {
      double seen = 0.0;
      for (Index k = 0; k < factor.size(); ++k) seen += at(i, k) * b[sz(k)];
      if (!check::close(seen, v[sz(i)], 1e-3)) return false;
    }
    return true;
  }
};

}  // namespace

TEST(a_rough_factor_inverts_nearly_what_has_come_and_gone) {
  Random random(3);
  Gram m(random, 90, 150, 30.0);
  RoughFactor factor;
  for (const Index size : {1, 3, 70, 101, 150}) {
    CHECK(m.extend(factor, size) && factor.size() == size);
    CHECK(m.solved_by(factor, random.normals(size)));
  }
  for (const Index k : {149, 17, 16, 0}) {
    m.drop(k);
    factor.remove(k);
    CHECK(factor.size() == m.p && m.solved_by(factor, random.normals(m.p)));
  }
  factor.truncate(50);
  CHECK(m.extend(factor, m.p) && m.solved_by(factor, random.normals(m.p)));
  Vec tiny(sz(m.p), 1e-200), zeros(sz(m.p), 0.0);
  factor.solve(tiny);
  factor.solve(zeros);
  CHECK(tiny[0] != 0 && std::isfinite(tiny[0]) && zeros[0] == 0);
}

TEST(a_rough_factor_says_where_it_has_too_few_digits) {
  Random random(4);
  RoughFactor factor;
  const Gram m(random, 20, 30, 1e-7);
  CHECK(m.extend(factor, 10));
  CHECK(!m.extend(factor, 30) && factor.size() == 0);
}

TEST(a_rough_gram_multiplies_nearly_as_columns_come_and_go) {
  Random random(5);
  Gram m(random, 60, 140, 1.0);
  RoughGram rough;

  const auto right = [&](Index size) {
    std::vector<Vec> exact(sz(size), Vec(sz(size)));
    for (Index k = 0; k < size; ++k)
      for (Index i = 0; i < size; ++i) exact[sz(k)][sz(i)] = m.at(i, k);
    Vec v = random.normals(size), out;
    for (double& value : v) value *= 1e-60;
    rough.multiply(size, [&](Index k) { return exact[sz(k)].data(); }, v, out);
    for (Index i = 0; i < size; ++i) {
      const double wanted = kernels().dot(exact[sz(i)].data(), v.data(), size);
      if (!check::close(1e60 * out[sz(i)], 1e60 * wanted, 1e-4)) return false;
    }
    return true;
  };
  for (const Index size : {1, 20, 33, 100, 101, 140}) CHECK(right(size));
  for (const Index k : {139, 70, 3}) {
    m.drop(k);
    rough.forget(k);
    CHECK(right(m.p));
  }
}
