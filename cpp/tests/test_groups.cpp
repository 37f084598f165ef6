// Laws of groups: the penalty, the minimum over one, the solver of many, the certificate.
#include "check.hpp"
#include "excise/solve/active_set.hpp"
#include "excise/solve/group_descent.hpp"
#include "groups.hpp"

using namespace excise;
using data::grouped_by;
using data::Products;
using data::Random;

TEST(fenchel_young_of_groups_is_never_negative_and_zero_at_subgradients) {
  Random random(1);
  for (int k = 0; k < 1000; ++k) {
    const GroupNet net{k % 3 ? 0.7 : 0.0, k % 2 ? 1.5 : 0.4};
    const Vec b = random.normals(4), z = random.normals(4);
    CHECK(net.fenchel_young(b, z) >= 0.0);
    CHECK(net.fenchel_young({}, z) >= 0.0);
    Vec slope(4);
    for (std::size_t i = 0; i < 4; ++i) slope[i] = (net.l1 / length(b) + net.l2) * b[i];
    CHECK(net.fenchel_young(b, slope) <= 1e-14);
    CHECK(net.violation(b, slope) <= 1e-14);
  }
}

TEST(the_minimum_over_one_group_is_stationary) {
  BlockMinimum minimum;
  Random random(2);
  for (int k = 0; k < 400; ++k) {
    const Index size = 1 + k % 6, n = k % 4 == 0 ? 2 : 9;  // some have dependent columns
    const Products m(n, size, 10 + sz(k));
    const GroupNet net{std::pow(10.0, -4 * random.uniform()) * length(m.q), k % 3 ? 0.0 : 0.3};
    Vec b(sz(size)), c = m.q;
    minimum.find(m.view(), net, m.q, b);
    for (Index j = 0; j < size; ++j) kernels().axpy(-b[sz(j)], m.view().column(j), c.data(), size);
    CHECK(net.violation(b, c) <= 1e-12);
  }
}

TEST(a_group_is_zero_up_to_its_threshold_exactly) {
  BlockMinimum minimum;
  const Products m(9, 4, 3);
  Vec b(4);
  minimum.find(m.view(), {length(m.q), 0.0}, m.q, b);
  CHECK(length(b) == 0.0);
  minimum.find(m.view(), {length(m.q) * (1 - 1e-9), 0.0}, m.q, b);
  CHECK(length(b) > 0.0 && length(b) < 1e-8);
}

TEST(groups_of_one_column_are_solved_as_the_active_set_solves_them) {
  for (const double l2 : {0.0, 0.2}) {
    const Products m(20, 30, 4);
    GramQuadratic one(m.view(), m.q, 1.0), other(m.view(), m.q, 1.0);
    const double noise = rounding(1.0);
    ActiveSet columns(one, data::grouped(30, 1, l2), noise, [] {});
    GroupDescent groups(other, noise, [] {});
    groups.grow(data::grouped(30, 1, l2));
    for (double alpha = 0.5; alpha > 1e-3; alpha *= 0.8) {
      CHECK(columns.solve(alpha));
      CHECK(groups.solve(alpha));
      for (std::size_t j = 0; j < 30; ++j)
        CHECK(check::close(columns.coefficients()[j], groups.coefficients()[j], 1e-9));
    }
  }
}

TEST(groups_come_go_and_are_forgotten) {
  const Products m(25, 40, 5);
  GramQuadratic quadratic(m.view(), m.q, 1.0);
  const Penalty pays = data::grouped(40, 4, 0.0);
  const double noise = rounding(1.0);
  GroupDescent groups(quadratic, noise, [] {});
  groups.grow(pays);
  for (const double alpha : {0.3, 0.1, 0.02, 0.2, 0.05, 0.4, 0.01}) {
    CHECK(groups.solve(alpha));
    CHECK(pays.violation(groups.coefficients(), groups.correlations(), alpha) <= 64 * noise);
  }
  CHECK(groups.solve(10.0));
  CHECK(groups.support().empty());
}

TEST(the_gap_of_groups_bounds_the_suboptimality_of_any_point) {
  const data::Table t = data::table(30, 12, 8);
  Statement s = data::statement(t);
  s.l1_ratio = 0.8;
  grouped_by(t, s, 3);
  data::gap_bounds_suboptimality(t, s);
}
