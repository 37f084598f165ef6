// Laws of sparse groups: their penalty, the minimum over one, the solver of many, the certificate.
#include "check.hpp"
#include "excise/solve/active_set.hpp"
#include "excise/solve/block_minimum.hpp"
#include "excise/solve/group_descent.hpp"
#include "groups.hpp"

using namespace excise;
using data::Products;
using data::Random;

namespace {

// A share of what columns earn that they pay by themselves, and one of what is left for the group
GroupNet some_tax(Random& random, const Vec& c, double l2) {
  double most = 0.0;
  for (const double v : c) most = std::fmax(most, std::abs(v));
  GroupNet net{0.0, l2, most * std::pow(10.0, -3 * random.uniform())};
  net.l1 = net.zero_threshold(c) * std::pow(10.0, -9 * random.uniform());
  return net;
}

Vec seen_at(ConstMatrix gram, const Vec& h, const Vec& b) {
  Vec c = h;
  for (Index j = 0; j < gram.cols; ++j)
    kernels().axpy(-b[sz(j)], gram.column(j), c.data(), gram.rows);
  return c;
}

// Its optimality conditions from `start`, and no zero that only looks like one
void check_minimum(const Products& m, const GroupNet& net, Vec start, double tolerance) {
  BlockMinimum minimum;
  minimum.find(m.view(), net, m.q, start);
  CHECK(net.violation(start, seen_at(m.view(), m.q, start)) <= tolerance);
  CHECK((length(start) == 0) == !(net.zero_threshold(m.q) > net.l1));
}

Penalty sparse(Index p, Index size, double own, double l2) {
  Penalty out = data::grouped(p, size, l2);
  out.own.assign(sz(p), own);
  return out;
}

}  // namespace

TEST(fenchel_young_of_sparse_groups_is_never_negative_and_zero_at_subgradients) {
  Random random(1);
  for (int k = 0; k < 1000; ++k) {
    const GroupNet net{0.7, k % 2 ? 1.5 : 0.0, k % 3 ? 0.4 : 1.3};
    Vec b = random.normals(4), z = random.normals(4);
    if (k % 4 == 0) b[1] = 0.0;
    if (net.l2 == 0) {
      const double inside = std::fmin(1.0, net.widest(z));
      for (double& v : z) v *= inside;
    }
    CHECK(net.fenchel_young(b, z) >= -1e-15);
    CHECK(net.fenchel_young(Vec(4), z) >= -1e-15);
    Vec slope(4);
    for (std::size_t i = 0; i < 4; ++i)
      slope[i] = b[i] == 0 ? (2 * random.uniform() - 1) * net.own
                           : (net.l1 / length(b) + net.l2) * b[i] + std::copysign(net.own, b[i]);
    CHECK(net.violation(b, slope) <= 1e-14);
    for (double& v : slope) v *= 1 - 1e-14;  // without a ridge rounding may lie outside
    CHECK(std::abs(net.fenchel_young(b, slope)) <= 1e-12);
  }
}

TEST(the_widest_multiple_stands_on_the_border_of_the_dual_ball) {
  Random random(2);
  for (int k = 0; k < 1000; ++k) {
    const Vec c = random.normals(1 + k % 7);
    const GroupNet net{std::pow(10.0, -6 * random.uniform()), 0.0,
                       std::pow(10.0, 1 - 7 * random.uniform())};
    const double s = net.widest(c);
    Vec at = c;
    for (double& v : at) v *= s;
    CHECK(std::abs(net.zero_threshold(at) - net.l1) <= 1e-13 * (net.l1 + net.own));
  }
  const Vec nothing(3);
  CHECK((GroupNet{1.0, 0.0, 1.0}).widest(nothing) == kInfinity);
}

TEST(the_minimum_over_one_sparse_group_is_stationary) {
  Random random(3);
  for (int k = 0; k < 2000; ++k) {
    const Index size = 1 + k % 9, n = k % 4 == 0 ? 3 : 12;  // some have dependent columns
    const Products m(n, size, 10 + sz(k));
    const GroupNet net = some_tax(random, m.q, k % 3 ? 0.0 : 0.3);
    check_minimum(m, net, Vec(sz(size)), 1e-12);
    check_minimum(m, net, random.normals(size), 1e-12);
  }
}

TEST(the_minimum_over_one_sparse_group_of_twins_and_zero_columns) {
  Random random(4);
  for (int k = 0; k < 400; ++k) {
    Products m(12, 6, 5000 + sz(k));
    const auto become = [&](Index j, Index twin, double sign) {  // twin < 0: a column of zeros
      m.q[sz(j)] = twin < 0 ? 0.0 : sign * m.q[sz(twin)];
      for (Index i = 0; i < 6; ++i) {
        const double g = twin < 0 ? 0.0 : sign * m.gram[sz(i + 6 * twin)];
        m.gram[sz(i + 6 * j)] = m.gram[sz(j + 6 * i)] = g;
      }
      m.gram[sz(j + 6 * j)] = twin < 0 ? 0.0 : 1.0;
    };
    become(1, 0, 1.0);
    become(3, 2, -1.0);
    if (k % 2) become(5, -1, 0.0);
    const GroupNet net = some_tax(random, m.q, k % 3 ? 0.0 : 0.1);
    check_minimum(m, net, Vec(6), 1e-11);
    check_minimum(m, net, random.normals(6), 1e-11);
  }
}

TEST(a_sparse_group_is_zero_up_to_its_threshold_exactly) {
  BlockMinimum minimum;
  const Products m(9, 4, 3);
  GroupNet net{0.0, 0.0, 0.05};
  const double most = net.zero_threshold(m.q);
  for (const double l1 : {most, 2 * most}) {
    Vec b{1.0, -1.0, 0.5, 0.0};
    net.l1 = l1;
    minimum.find(m.view(), net, m.q, b);
    CHECK(length(b) == 0.0);
  }
  Vec b(4);
  net.l1 = most * (1 - 1e-9);
  minimum.find(m.view(), net, m.q, b);
  CHECK(length(b) > 0.0 && length(b) < 1e-8);
  net.own = 2.0;  // more than any column earns
  net.l1 = 1e-9;
  minimum.find(m.view(), net, m.q, b);
  CHECK(length(b) == 0.0);
}

TEST(sparse_groups_of_one_column_are_those_of_the_lasso) {
  const Products m(20, 30, 4);
  GramQuadratic one(m.view(), m.q, 1.0), other(m.view(), m.q, 1.0);
  const double noise = rounding(1.0);
  Penalty lasso = data::grouped(30, 1, 0.0), halves = sparse(30, 1, 0.4, 0.0);
  lasso.groups = {};
  for (double& v : halves.l1) v = 0.6;
  ActiveSet columns(one, lasso, noise, [] {});
  GroupDescent groups(other, noise, [] {});
  groups.grow(halves);
  for (double alpha = 0.5; alpha > 1e-3; alpha *= 0.8) {
    CHECK(columns.solve(alpha));
    CHECK(groups.solve(alpha));
    for (std::size_t j = 0; j < 30; ++j)
      CHECK(check::close(columns.coefficients()[j], groups.coefficients()[j], 1e-9));
  }
}

TEST(sparse_groups_come_go_and_are_forgotten) {
  const double noise = rounding(1.0);
  for (const std::uint64_t seed : {5u, 6u, 7u, 8u}) {
    const Products m(25, 40, seed);
    for (const double own : {0.1, 1.0, 5.0}) {
      GramQuadratic quadratic(m.view(), m.q, 1.0);
      const Penalty pays = sparse(40, 5, own, seed % 2 ? 0.0 : 0.2);
      GroupDescent groups(quadratic, noise, [] {});
      groups.grow(pays);
      for (const double alpha : {0.1, 0.02, 0.005, 0.1, 0.01, 0.2, 0.002}) {
        CHECK(groups.solve(alpha));
        CHECK(pays.violation(groups.coefficients(), groups.correlations(), alpha) <= 64 * noise);
        for (const Index j : groups.support()) CHECK(groups.coefficients()[sz(j)] != 0.0);
      }
      CHECK(groups.solve(10.0));
      CHECK(groups.support().empty());
    }
  }
}

TEST(what_columns_pay_themselves_goes_with_them) {
  Penalty pays = sparse(6, 2, 0.0, 0.1);
  for (Index j = 0; j < 6; ++j) pays.own[sz(j)] = 1.0 + static_cast<double>(j / 2);
  CHECK(pays.group(2, 0.5).own == 1.5);
  const Penalty last = pays.of(Indices{4, 5, 0, 1});
  CHECK(last.groups.count() == 2);
  CHECK(last.group(0, 1.0).own == 3.0 && last.group(1, 1.0).own == 1.0);
  Penalty all = last;
  all.append(pays.of(Indices{2, 3}));
  CHECK(all.group(2, 1.0).own == 2.0 && all.own.size() == 6);
  all.keep(Indices{0, 1, 4, 5});
  CHECK(all.groups.count() == 2 && all.group(1, 1.0).own == 2.0);
  CHECK(data::grouped(4, 2, 0.0).group(0, 1.0).own == 0.0);
}

TEST(the_gap_of_sparse_groups_bounds_the_suboptimality_of_any_point) {
  const data::Table t = data::table(30, 12, 8);
  Statement s = data::statement(t);
  s.l1_ratio = 0.8;
  s.l1_share = 0.4;
  data::grouped_by(t, s, 3);
  s.group_weight = {1.0, 2.0, 0.5, 1.5};
  data::gap_bounds_suboptimality(t, s);
}

TEST(paths_of_sparse_groups_are_solved_to_rounding) {
  for (const Index n : {20, 80}) {
    const data::Table t = data::table(n, 40, 9, 0.6);
    Statement s = data::statement(t);
    s.l1_share = 0.5;
    data::grouped_by(t, s, 4);
    auto engine = data::engine(t, s);
    const PathResult path = engine->path(data::grid(engine->alpha_max(), 1e-3, 30));
    CHECK(data::worst_gap(*engine, path) <= 1e-11);
    CHECK(path.points.front().support.empty());
  }
}
