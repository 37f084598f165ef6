// Laws of the penalty, the factor and the certificate.
#include "check.hpp"
#include "data.hpp"
#include "excise/solve/cholesky.hpp"
#include "excise/solve/shifted_cg.hpp"

using namespace excise;
using data::Random;

TEST(fenchel_young_is_never_negative_and_zero_at_the_argmax) {
  const ElasticNet shapes[] = {{1.0, 0.0, -kInfinity, kInfinity},
                               {0.5, 2.0, -kInfinity, kInfinity},
                               {0.0, 1.0, -kInfinity, kInfinity},
                               {1.0, 0.5, 0.0, 2.0},
                               {0.3, 0.0, -1.0, 1.5}};
  Random random(1);
  for (const ElasticNet& e : shapes)
    for (int k = 0; k < 1000; ++k) {
      const double z = 2 * random.normal();
      const double b = std::clamp(2 * random.normal(), e.lower, e.upper);
      CHECK(e.fenchel_young(b, z) >= 0.0);
      const double best = e.conjugate_argmax(z);
      if (std::isfinite(best)) {
        CHECK(e.fenchel_young(best, z) <= 1e-12);
        CHECK(z * best - e.value(best) >= z * b - e.value(b) - 1e-12);
        CHECK(e.violation(best, z) <= 1e-12);
      }
    }
}

TEST(zero_threshold_is_tight_from_both_sides) {
  Random random(2);
  for (int k = 0; k < 1000; ++k) {
    const double c = random.normal();
    ElasticNet e{1.0, 0.3, -kInfinity, k % 2 ? kInfinity : 0.0};
    e.l1 = e.zero_threshold(c) * (1 + 1e-12);
    CHECK(e.violation(0.0, c) == 0.0);
    e.l1 = e.zero_threshold(c) * (1 - 1e-9);
    CHECK((e.violation(0.0, c) > 0.0) == (e.zero_threshold(c) > 0.0));
  }
}

TEST(the_factor_grows_and_shrinks) {
  const Index n = 40, p = 25;
  const Vec x = Random(4).normals(n * p);
  const auto cross = [&](Index j, Index k) {
    return kernels().dot(&x[sz(j * n)], &x[sz(k * n)], n);
  };
  Cholesky factor;
  Indices members;
  Random random(5);
  Vec g, projected;
  const auto append = [&](Index j) {
    g.clear();
    for (const Index k : members) g.push_back(cross(j, k));
    factor.append(projected, factor.project(g.data(), cross(j, j), projected));
    members.push_back(j);
  };
  for (Index j = 0; j < p; ++j) append(j);
  for (int step = 0; step < 60; ++step) {
    const Index k = static_cast<Index>(random.uniform() * static_cast<double>(members.size()));
    const Index j = members[sz(k)];
    factor.remove(k);
    members.erase(members.begin() + k);
    if (step % 3) append(j);
    Vec solution = Random(6).normals(factor.size());
    const Vec right = solution;
    factor.solve(solution.data());
    for (std::size_t a = 0; a < members.size(); ++a) {
      double sum = 0.0;
      for (std::size_t b = 0; b < members.size(); ++b)
        sum += cross(members[a], members[b]) * solution[b];
      CHECK(check::close(sum, right[a], 1e-9));
    }
  }
}

TEST(the_gap_bounds_the_suboptimality_of_any_point) {
  const data::Table t = data::table(30, 12, 8);
  data::gap_bounds_suboptimality(t, data::statement(t));
}

TEST(columns_projected_together_are_projected_one_by_one) {
  const Index n = 150, p = 100, count = 7;
  const Vec x = Random(6).normals(n * (p + count));
  Cholesky factor;
  Vec g, solved;
  const auto crosses = [&](Index j) {
    g.clear();
    for (Index k = 0; k < factor.size(); ++k)
      g.push_back(kernels().dot(&x[sz(j * n)], &x[sz(k * n)], n));
    return kernels().dot(&x[sz(j * n)], &x[sz(j * n)], n);
  };
  for (Index j = 0; j < p; ++j) {
    const double diagonal = crosses(j);
    const double pivot = factor.project(g.data(), diagonal, solved);
    factor.append(solved, pivot);
  }
  Vec together;
  for (Index l = 0; l < count; ++l) {
    crosses(p + l);
    together.insert(together.end(), g.begin(), g.end());
  }
  factor.forward(Matrix(together.data(), p, count));
  for (Index l = 0; l < count; ++l) {
    const double diagonal = crosses(p + l), alone = factor.project(g.data(), diagonal, solved);
    Vec again(together.begin() + l * p, together.begin() + (l + 1) * p), unchanged;
    for (Index k = 0; k < p; ++k) CHECK(check::close(again[sz(k)], solved[sz(k)], 1e-12));
    CHECK(check::close(factor.project(again.data(), diagonal, unchanged, p), alone, 1e-12));
    CHECK(unchanged == again);
  }
  Cholesky empty;
  empty.forward(Matrix(nullptr, 0, 3));
}

TEST(conjugate_gradients_serve_every_alpha_at_once) {
  const Index n = 30, p = 20;  // K = Z Z' of rank 20
  const Vec z = data::Random(5).normals(n * p), y = data::Random(6).normals(n);
  const auto product = [&](const Vec& v, Vec& out) {
    out.assign(sz(n), 0.0);
    for (Index j = 0; j < p; ++j)
      kernels().axpy(kernels().dot(&z[sz(j * n)], v.data(), n), &z[sz(j * n)], out.data(), n);
  };
  const Vec alphas{10.0, 1.0, 0.1};
  const auto found = shifted_cg(product, y, alphas, 1e-24, 1000);
  for (std::size_t k = 0; k < alphas.size(); ++k) {
    Vec left;
    product(found[k], left);
    for (std::size_t i = 0; i < left.size(); ++i)
      CHECK(check::close(left[i] + alphas[k] * found[k][i], y[i], 1e-9));
  }
  const auto nothing = shifted_cg(product, Vec(sz(n)), alphas, 1e-24, 1000);
  for (const Vec& x : nothing) CHECK(x == Vec(sz(n)));
}
